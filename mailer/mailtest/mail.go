package mailtest

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"testing"
)

// Mail is a mail as the mail program of its reader sees it.
type Mail struct {
	Header  netmail.Header
	Subject string   // decoded
	Types   []string // media types of the parts in their order
	Text    string
	HTML    string
}

// FirstLink returns the first address with a scheme in the text part.
func (m *Mail) FirstLink() string { return firstLink(m.Text) }

// FirstLinkHTML returns the first address with a scheme in the HTML part.
func (m *Mail) FirstLinkHTML() string { return firstLink(m.HTML) }

// Parse reads a mail in the form in which it was sent or written to a file. The test
// fails if it is not a mail with two parts.
func Parse(t testing.TB, raw []byte) *Mail {
	t.Helper()
	message, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("parse mail: %v\n%s", err, raw)
	}
	parsed := &Mail{Header: message.Header}
	if parsed.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		t.Fatalf("parse subject: %v", err)
	}
	media, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || media != "multipart/alternative" {
		t.Fatalf("content type %q, %v; want multipart/alternative", media, err)
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return parsed
		}
		if err != nil {
			t.Fatalf("read part: %v", err)
		}
		parsed.take(t, part)
	}
}

func (m *Mail) take(t testing.TB, part *multipart.Part) {
	t.Helper()
	media, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil || params["charset"] != "UTF-8" {
		t.Fatalf("content type of a part: %q, %v, %v", media, params, err)
	}
	if encoding := part.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
		t.Fatalf("transfer encoding %q, want quoted-printable", encoding)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		t.Fatalf("decode part: %v", err)
	}
	m.Types = append(m.Types, media)
	text := string(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")))
	switch media {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	}
}
