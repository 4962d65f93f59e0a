package models

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// WebhookTarget is where the messages of a webhook go. Nobody sees it again.
type WebhookTarget struct {
	Address string // of the receiver: for ntfy with the topic, for Discord the whole one, for Telegram "" or another server of its API
	Room    string // of Matrix a room, of Telegram a chat; "" for the others
	Token   string // by which the receiver knows us; "" for none
}

// telegramAddress is where the bots of Telegram are.
const telegramAddress = "https://api.telegram.org"

// The greatest lengths, in bytes. The longest answer of a program must fit into its row.
const (
	webhookAddressMost = 2000
	webhookRoomMost    = 255
	webhookTokenMost   = 1000
)

// checkChoices returns the choices as they are stored, and what is wrong with them.
func (w *Webhooks) checkChoices(by WebhookBy, in WebhookChoices) (WebhookChoices, []FieldError) {
	var wrong []FieldError
	in.Name = shortName(in.Name)
	if in.Name == "" {
		wrong = append(wrong, FieldError{Field: "name", Code: "webhook_name_missing"})
	}
	var chosen []HappenedKind
	for _, kind := range HappenedKinds(by.Operator) { // in their order, and each once
		if slices.Contains(in.Events, kind) {
			chosen = append(chosen, kind)
		}
	}
	unknown := slices.ContainsFunc(in.Events, func(kind HappenedKind) bool { return !slices.Contains(chosen, kind) })
	if len(chosen) == 0 || unknown {
		wrong = append(wrong, FieldError{Field: "events", Code: "webhook_events_invalid"})
	}
	in.Events = chosen
	if !slices.Contains(w.opt.Languages, in.Locale) {
		wrong = append(wrong, FieldError{Field: "language", Code: "language_invalid"})
	}
	return in, wrong
}

// checkTarget returns a target as it is stored, its address as pages show it, and what is wrong with it.
func (w *Webhooks) checkTarget(form string, in WebhookTarget) (target sealedTarget, place string, wrong []FieldError) {
	in = WebhookTarget{Address: strings.TrimSpace(in.Address), Room: strings.TrimSpace(in.Room), Token: strings.TrimSpace(in.Token)}
	if form == WebhookTelegram && in.Address == "" {
		in.Address = telegramAddress
	}
	address, wrong := w.webhookAddress(form, in.Address)
	if wrong != nil {
		return sealedTarget{}, "", wrong
	}
	if form == WebhookGotify { // the address that Gotify's own examples show has the token in it
		if token := address.Query().Get("token"); token != "" && in.Token == "" {
			in.Token = token
		}
		address.RawQuery, address.Path = "", strings.TrimSuffix(strings.TrimSuffix(address.Path, "/"), "/message")
		address.RawPath = ""
	}
	in.Address = address.String()
	return sealedTarget{WebhookTarget: in}, address.Scheme + "://" + address.Host + "/…", wrongParts(form, in)
}

// webhookAddress reads an address, and returns what is wrong with it.
func (w *Webhooks) webhookAddress(form, text string) (*url.URL, []FieldError) {
	address, err := url.Parse(text)
	switch {
	case err != nil || len(text) > webhookAddressMost || !utf8.ValidString(text) || address.Hostname() == "" || address.Opaque != "":
		return nil, []FieldError{{Field: "address", Code: "webhook_address_invalid"}}
	case len(address.Host) > 255:
		return nil, []FieldError{{Field: "address", Code: "webhook_address_invalid"}}
	case address.User != nil:
		return nil, []FieldError{{Field: "address", Code: "webhook_address_user"}}
	case address.Scheme != "https" && (address.Scheme != "http" || !w.opt.PlainWebhooks):
		return nil, []FieldError{{Field: "address", Code: "webhook_address_https"}}
	case form == WebhookNtfy && path.Base("/"+address.Path) == "/":
		return nil, []FieldError{{Field: "address", Code: "webhook_topic_missing"}}
	}
	address.Fragment = ""
	return address, nil
}

// wrongParts returns what is wrong with the room and the token of a target.
func wrongParts(form string, in WebhookTarget) (wrong []FieldError) {
	roomless := form != WebhookMatrix && form != WebhookTelegram
	switch {
	case roomless && in.Room != "", len(in.Room) > webhookRoomMost, !isVisibleASCII(in.Room):
		wrong = append(wrong, FieldError{Field: "room", Code: "webhook_room_invalid"})
	case form == WebhookMatrix && !strings.HasPrefix(in.Room, "!"):
		wrong = append(wrong, FieldError{Field: "room", Code: "webhook_room_matrix"})
	case form == WebhookTelegram && in.Room == "":
		wrong = append(wrong, FieldError{Field: "room", Code: "webhook_room_telegram"})
	}
	tokenless := form == WebhookSigned || form == WebhookDiscord
	needed := form == WebhookGotify || form == WebhookMatrix || form == WebhookTelegram
	switch {
	case tokenless && in.Token != "", len(in.Token) > webhookTokenMost, !isVisibleASCII(in.Token), strings.ContainsAny(in.Token, " /?#"):
		wrong = append(wrong, FieldError{Field: "token", Code: "webhook_token_invalid"})
	case needed && in.Token == "":
		wrong = append(wrong, FieldError{Field: "token", Code: "webhook_token_missing"})
	}
	return wrong
}

// isVisibleASCII reports whether a text has visible characters of ASCII alone, or is empty.
func isVisibleASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
