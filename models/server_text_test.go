package models_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/latchkey-media/latchkey/models"
)

// hostileTexts returns texts that servers and devices may send instead of a name.
func hostileTexts() map[string]string {
	return map[string]string{
		"nothing": "", "blank": " \t ", "NUL": "\x00", "NUL inside": "a\x00b", "controls": "a\r\n\t\x1b[31mb", "no UTF-8": "\xff\xfe\xc3", "half a letter": "a\xc3",
		"long": strings.Repeat("x", 10_000), "long and wide": strings.Repeat("𝔛", 10_000), "long and decomposed": strings.Repeat("e\u0301", 5_000),
		"grows when composed": strings.Repeat("\u0344", 400), "turned": "\u202eabc\u202c", "quotes": `'"` + "`" + `\%_;--`, "surrogate": "\xed\xa0\x80", "emoji": "👩‍👩‍👧‍👦",
		"joiners": strings.Repeat("\u200d", 300), "255 bytes": strings.Repeat("é", 127) + "x",
	}
}

// A text of a server, a device or an owner is either refused as invalid or kept in a form
// that every column can store and every page can show. It never causes an internal error.
func TestHostileTexts(t *testing.T) {
	eachServer(t, func(k *kit) {
		ctx, owner, person := k.t.Context(), k.account(), k.account()
		m, phone := k.server(owner), k.signIn(person).Session
		for what, text := range hostileTexts() {
			ours := func(door string, err error) bool {
				k.t.Helper()
				if err != nil && (models.KindOf(err) == models.KindInternal || models.KindOf(err) == models.KindUnavailable) {
					k.t.Errorf("%s, %s: error %v, want none or a refusal as invalid", door, what, err)
				}
				return err == nil
			}
			kept := func(door, text string, longest int) {
				k.t.Helper()
				if !utf8.ValidString(text) || utf8.RuneCountInString(text) > longest || strings.ContainsAny(text, "\x00\r\n\x1b\u202e") || text != strings.TrimSpace(text) {
					k.t.Errorf("%s, %s: kept %q, want valid trimmed text without control characters", door, what, text)
				}
			}
			for _, in := range []models.Registration{
				{Name: text, SystemID: "x", Kind: models.ServerEmby},
				{Name: "x", SystemID: text, Kind: models.ServerEmby},
				{Name: "x", SystemID: "x", Version: text, Kind: models.ServerEmby},
				{Name: "x", SystemID: "x", WAN: []string{text, "http://" + text, "http://x:" + text}, LAN: []string{text}, Kind: models.ServerEmby},
				{Name: "x", SystemID: "x", ClaimCode: text, Kind: models.ServerEmby},
			} {
				if done, err := k.Registrations.Register(ctx, in, home); ours("register", err) {
					found, err := k.ServerKeys.Look(ctx, done.Key)
					k.must(err)
					kept("name", found.Name, 100)
					kept("version", found.Version, 64)
					kept("system id", found.SystemID, 64)
				}
				in.ClaimCode = ""
				_, err := k.Registrations.Update(ctx, m.Server, in)
				ours("update", err)
			}
			ours("rename", k.Servers.Change(ctx, owner.ID, m.ID, models.ServerChange{OwnName: new(text)}))
			kept("own name", k.detail(owner, m).OwnName, 100)
			ours("address", k.addAddress(owner, m, text))
			ours("claim", k.Registrations.Claim(ctx, person.ID, m.ID, text, home))
			ours("hand over", k.Servers.HandOver(ctx, owner.ID, m.ID, text, home))
			for _, in := range []models.AskLink{
				{AccountID: person.ID, RequestedBy: text},
				{AccountID: person.ID, RequestedBy: text, AccessKey: serversKey},
				{AccountID: person.ID, AccessKey: text},
				{AccountID: person.ID, Type: text},
			} {
				if _, err := k.EmbyServers.Ask(ctx, m.Server, in); ours("ask", err) {
					kept("requested by", k.authorizations(m)[0].RequestedBy, 100)
				}
				_ = k.EmbyServers.Cancel(ctx, m.Server, person.ID)
			}
			_, _, err := k.EmbyServers.FindAccount(ctx, m.Server, text, home)
			ours("find", err)
			_, _, err = k.EmbyServers.FindAccount(ctx, m.Server, text+"@example.org", home)
			ours("find an address", err)
			ours("invite", k.EmbyServers.Invite(ctx, text+"@example.org", text, home))
			for _, in := range []models.DeviceAsk{
				{DeviceID: text, Door: models.DoorEmby}, {DeviceID: "x", Client: text, Device: text, Door: models.DoorAPI},
			} {
				code, err := k.Devices.Begin(ctx, in, models.Caller{Address: "198.51.100.7"})
				if !ours("begin", err) {
					continue
				}
				asking, err := k.Devices.LookCode(ctx, phone, code.UserCode, home)
				k.must(err)
				kept("client", asking.Client, 80)
				kept("device", asking.Device, 80)
				k.must(k.Devices.Approve(ctx, phone, code.UserCode, home))
				if in.Door == models.DoorEmby {
					in, err := k.Devices.EmbyExchange(ctx, in.DeviceID, code.UserCode, tv)
					k.must(err)
					if in.Session.DeviceID != text {
						k.t.Errorf("%s: the session has the device id %q, want %q", what, in.Session.DeviceID, text)
					}
					continue
				}
				_, err = k.Devices.Exchange(ctx, code.DeviceCode, tv)
				k.must(err)
			}
			_, err = k.Devices.EmbyPoll(ctx, text, text)
			ours("poll", err)
			_, err = k.Devices.EmbyPoll(ctx, text, "BCDF-GHJK")
			ours("poll", err)
			_, err = k.Devices.Exchange(ctx, text, tv)
			ours("exchange", err)
			_, err = k.Devices.LookCode(ctx, phone, text, home)
			ours("typed code", err)
			_, err = k.Sessions.SignIn(ctx, models.SignIn{
				NameOrEmail: person.Username, Password: goodPassword, Kind: models.SessionDevice, Client: text, DeviceID: text,
			}, tv)
			ours("sign in", err)
			_, err = k.Sessions.SignIn(ctx, models.SignIn{NameOrEmail: text, MD5: text, Kind: models.SessionDevice}, tv)
			ours("sign in with MD5", err)
		}
		_, err := k.Accounts.Export(ctx, person.ID, home)
		k.must(err)
	}, looseCodes, withMD5, func(o *models.Options) {
		plenty := models.Limit{Hits: 1 << 30, Window: 1 << 40}
		o.Limits.FindHour, o.Limits.AskDay, o.Limits.SignIn = plenty, plenty, plenty
	})
}
