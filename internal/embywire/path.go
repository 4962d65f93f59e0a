package embywire

import "strings"

// Path returns a path in the form in which paths are compared: in lower case, with
// single slashes, and without a trailing slash. An app that adds its paths to a base
// with a slash at its end sends two slashes.
func Path(path string) string {
	path = OneSlash(strings.ToLower(path))
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}

// OneSlash returns a path with one slash in the place of several that follow each
// other.
func OneSlash(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
