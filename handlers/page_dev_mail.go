package handlers

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// devMailPage is the data of templates/pages/dev_mail.html: the mails in the
// mail folder.
type devMailPage struct {
	Base
	Mails []devMailView
}

// devMailView is one mail in the mail folder.
type devMailView struct {
	Name, To, Subject, Text string
	Links                   []string // the links in the text part
	At                      time.Time
}

const (
	shownMails = 50
	maxMail    = 1 << 20
)

// devMail answers GET /dev/mail: the mails in the mail folder, the newest
// first. The route exists only during development.
func (s *site) devMail(c *gin.Context) error {
	mails, err := readMails(s.MailFolder)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "dev_mail", devMailPage{Base: s.base(c, "dev_mail"), Mails: mails})
}

// readMails reads the newest mails of a folder. It leaves out a mail that is
// still being written or that it cannot read.
func readMails(folder string) ([]devMailView, error) {
	entries, err := os.ReadDir(folder)
	if folder == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	var mails []devMailView
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != ".eml" {
			continue
		}
		if view, err := readMail(folder, entry); err == nil {
			mails = append(mails, view)
		}
	}
	slices.SortFunc(mails, func(a, b devMailView) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(b.Name, a.Name))
	})
	return mails[:min(len(mails), shownMails)], nil
}

func readMail(folder string, entry fs.DirEntry) (devMailView, error) {
	info, err := entry.Info()
	if err != nil {
		return devMailView{}, err
	}
	file, err := os.OpenInRoot(folder, entry.Name())
	if err != nil {
		return devMailView{}, err
	}
	defer func() { _ = file.Close() }()
	message, err := mail.ReadMessage(io.LimitReader(file, maxMail))
	if err != nil {
		return devMailView{}, err
	}
	text, err := plainText(message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body)
	if err != nil {
		return devMailView{}, err
	}
	var words mime.WordDecoder
	subject, err := words.DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		subject = message.Header.Get("Subject")
	}
	return devMailView{
		Name: entry.Name(), To: message.Header.Get("To"), Subject: subject, Text: text, Links: linksIn(text), At: info.ModTime(),
	}, nil
}

// plainText returns the first part of a body that is plain text.
func plainText(contentType, encoding string, body io.Reader) (string, error) {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", fmt.Errorf("type of a part: %w", err)
	}
	if media == "text/plain" {
		return decoded(encoding, body)
	}
	if !strings.HasPrefix(media, "multipart/") {
		return "", nil
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("parts of a mail: %w", err)
		}
		text, err := plainText(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
		if err != nil || text != "" {
			return text, err
		}
	}
}

func decoded(encoding string, body io.Reader) (string, error) {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}

// linksIn returns the addresses in a text, each once.
func linksIn(text string) []string {
	var links []string
	for word := range strings.FieldsSeq(text) {
		word = strings.Trim(word, "<>()[]\"',")
		if (strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://")) && !slices.Contains(links, word) {
			links = append(links, word)
		}
	}
	return links
}
