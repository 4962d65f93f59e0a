package embywire

import "strings"

// Path returns a path in the form in which paths are compared: in lower case,
// without a trailing slash.
func Path(path string) string {
	path = strings.ToLower(path)
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}
