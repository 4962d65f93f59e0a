// Command pack compresses the large texts that the program embeds, for a release. It writes a copy of each
// into a folder, and a file that tells "go build -overlay" to take the copies. The program reads both forms,
// so that a build without pack, such as during development, works as well.
//
//	usage: pack FOLDER
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack FOLDER, from the top folder of the repository")
		os.Exit(2)
	}
	if err := pack(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// packed returns the patterns of the files that are compressed. What reads them uses templates.Unpacked.
func packed() []string {
	return []string{"handlers/openapi.yaml", "templates/locales/*/*.json", "templates/pages/*.html", "templates/partials/*.html", "docs/help/*/*.md"}
}

// pack writes the copies and overlay.json into a folder.
func pack(folder string) error {
	replace := map[string]string{}
	for _, pattern := range packed() {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return fmt.Errorf("no file fits %s", pattern)
		}
		for _, name := range names {
			from, err := filepath.Abs(name)
			if err != nil {
				return err
			}
			to := filepath.Join(folder, fmt.Sprintf("%04d", len(replace)))
			if err := compress(from, to); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			replace[from] = to
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o600) //nolint:gosec // the folder is the one that was asked for
}

// compress writes a compressed copy of a file. The same file gives the same bytes with the same version of Go.
func compress(from, to string) error {
	content, err := os.ReadFile(from) //nolint:gosec // a file of the repository
	if err != nil {
		return err
	}
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := zip.Write(content); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o600) //nolint:gosec // as above
}
