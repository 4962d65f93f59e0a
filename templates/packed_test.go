package templates

import (
	"bytes"
	"compress/gzip"
	"testing"
	"testing/fstest"
)

// A release has compressed texts. They are the same texts.
func TestUnpacked(t *testing.T) {
	t.Parallel()
	text := []byte(`{"hello": "Hello"}`)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"plain": text, "compressed": packed.Bytes()} {
		c, err := readCatalogue(fstest.MapFS{"en/a.json": {Data: content}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := c.Say("en", "hello", nil); got != "Hello" {
			t.Errorf("%s: the text is %q, want Hello", name, got)
		}
	}
	for _, damaged := range [][]byte{packed.Bytes()[:8], packed.Bytes()[:packed.Len()-9]} {
		if got, err := Unpacked(damaged); err == nil {
			t.Errorf("a damaged file gave %q, want an error", got)
		}
	}
}
