package embywire

import "strings"

// Path returns a path in the form in which paths are compared: in lower case, with single slashes,
// and without a slash at its end. An app that appends its paths to an address with a slash at the
// end sends two slashes.
func Path(path string) string {
	path = OneSlash(strings.ToLower(path))
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

// OneSlash returns a path with one slash in place of several slashes in a row.
func OneSlash(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
