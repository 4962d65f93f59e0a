// Package docs embeds the documents that the service itself shows: the help for people at home, below /help.
package docs

import (
	"embed"
	"io/fs"
)

//go:embed help
var files embed.FS

// Help returns a file system with a folder for each language, such as "en". Each folder has the same
// documents in Markdown, such as "television.md". The first line of a document is its title.
func Help() fs.FS {
	help, err := fs.Sub(files, "help")
	if err != nil {
		panic(err) // happens only for an invalid path, and ours is a constant
	}
	return help
}
