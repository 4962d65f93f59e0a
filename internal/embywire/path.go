package embywire

import "strings"

// Path is a path as it is compared: in lower case, without a trailing slash.
func Path(path string) string {
	path = strings.ToLower(path)
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	return path
}
