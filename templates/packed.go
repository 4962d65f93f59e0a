package templates

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// Unpacked returns the content of an embedded file. In a release, cmd/pack has compressed the large texts;
// every other file is returned as it is. It returns an error only for a compressed file that is damaged.
func Unpacked(content []byte) ([]byte, error) {
	if !bytes.HasPrefix(content, []byte{0x1f, 0x8b}) { // the mark of gzip, RFC 1952; no text begins with it
		return content, nil
	}
	zip, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("unpack an embedded file: %w", err)
	}
	content, err = io.ReadAll(zip)
	if err != nil {
		return nil, fmt.Errorf("unpack an embedded file: %w", err)
	}
	return content, nil
}
