// Package webhook writes messages for programs and chat services, and sends each with one request over HTTP. It knows
// nothing of what the messages are about.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The forms of messages.
const (
	Signed   = "signed" // JSON with a signature, for programs
	Ntfy     = "ntfy"
	Gotify   = "gotify"
	Discord  = "discord"
	Matrix   = "matrix"
	Telegram = "telegram"
)

// Target is where a message goes.
type Target struct {
	Form    string
	Address string // of the receiver: for Ntfy with the topic, for Gotify, Matrix and Telegram without a path of its API
	Room    string // of Matrix a room, of Telegram a chat; "" for the others
	Token   string // by which the receiver knows us; "" for none
	Secret  []byte // the key of the signature; for Signed alone
}

// Message is what is sent.
type Message struct {
	ID    string          // the same at every try
	At    time.Time       // when it happened
	Type  string          // what happened
	Data  json.RawMessage // about what; for Signed
	Title string          // for the other forms, of which some have no title
	Text  string          // for the other forms
}

// The greatest lengths of texts, in characters. Each is below what the receiver takes.
const (
	longestTitle = 100
	longestText  = 1500
)

// Request returns the request that delivers a message. now is the time of the signature. It returns an error for an
// address that is not one.
func Request(ctx context.Context, to Target, m Message, now time.Time) (*http.Request, error) {
	address, err := url.Parse(to.Address)
	if err != nil || address.Host == "" {
		return nil, fmt.Errorf("webhook: the address cannot be read") // the cause would repeat the address
	}
	m.Title, m.Text = cut(m.Title, longestTitle), cut(m.Text, longestText)
	method, header := http.MethodPost, http.Header{}
	var body any
	switch to.Form {
	case Ntfy:
		body = map[string]any{"topic": path.Base(address.Path), "title": m.Title, "message": m.Text}
		address = address.JoinPath("..")
		bearer(header, to.Token)
	case Gotify:
		body = map[string]any{"title": m.Title, "message": m.Text}
		address = address.JoinPath("message")
		header.Set("X-Gotify-Key", to.Token)
	case Discord:
		body = map[string]any{"content": escapeMarkdown(m.Text), "allowed_mentions": map[string]any{"parse": []string{}}, "flags": discordNoEmbeds}
	case Matrix:
		method, body = http.MethodPut, map[string]any{"msgtype": "m.notice", "body": m.Text}
		address = address.JoinPath("_matrix/client/v3/rooms", url.PathEscape(to.Room), "send/m.room.message", url.PathEscape(m.ID))
		bearer(header, to.Token)
	case Telegram:
		body = map[string]any{"chat_id": to.Room, "text": m.Text, "link_preview_options": map[string]any{"is_disabled": true}}
		address = address.JoinPath("bot"+to.Token, "sendMessage")
	default:
		body = signedBody{m.Type, m.At.UTC().Format(time.RFC3339), m.Data}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("webhook: write the message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("webhook: the address cannot be read")
	}
	request.Header = header
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "Latchkey")
	if to.Form == Signed {
		header.Set("Webhook-Id", m.ID)
		header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		header.Set("Webhook-Signature", Sign(to.Secret, m.ID, now, raw))
	}
	return request, nil
}

// signedBody is the body of a message for programs.
type signedBody struct {
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// discordNoEmbeds is the flag of Discord that shows no preview of addresses in a text.
const discordNoEmbeds = 1 << 2

func bearer(header http.Header, token string) {
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
}

// escapeMarkdown returns a text that Discord shows as it is: no name of a person may look like a link or a heading, or
// call somebody.
func escapeMarkdown(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\*_~`|>#[]()<:@-+.", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// cut returns a text of at most longest characters.
func cut(text string, longest int) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest-1]) + "…"
}
