package handlers

import (
	"time"

	"github.com/latchkey-media/latchkey/models"
)

// serverStartSamples returns the page about getting in: for each kind of media server and for some
// devices.
func (s sampler) serverStartSamples() []sample {
	start := models.ServerStart{
		Link: models.Link{
			ServerID: 81985529216486895, OwnerUsername: "bert",
			Server: models.ServerDescription{Name: "Den & Co + 50% \"Server\"", Kind: models.ServerAgent, Version: "12.0.0"},
		},
		Note: "Ask me for the VPN.\nThe films are in German.", QuickConnect: true,
		Addresses: []models.Address{
			{Scheme: "http", Host: "192.168.1.20", Port: 8096},
			{Scheme: "https", Host: "2001:db8::1", Port: 443},
			{Scheme: "https", Host: "a-rather-long-name-of-a-host.media.example.org", Port: 8920, Path: "/jellyfin"},
		},
	}
	page := func(start models.ServerStart, on string, state, reason string) serverStartPage {
		b := s.signedIn("server_start")
		p := newServerStartPage(b, start)
		p.choose(startDeviceOf(on, ""), start)
		p.Connect = "https://id.example.org/service"
		p.Code = s.field("code", "text", "quick_digits", true)
		p.Code.Code, p.Code.InputMode = true, "numeric"
		p.Try = quickTryView{b, "81985529216486895", start.Server.Name, state, reason}
		return p
	}
	bare, builtin, emby, byPassword, waits, first, paused := start, start, start, start, start, start, start
	bare.Server.Name, bare.Addresses, bare.QuickConnect, bare.Note = longName, nil, false, ""
	builtin.Server.Version = "4.8.11.0"
	emby.Server.Kind, emby.OwnerUsername = models.ServerEmby, ""
	byPassword.Media, byPassword.Server.Version, byPassword.QuickConnect, byPassword.Type = models.MediaEmby, "4.8.11.0", false, models.LinkGuest
	own := byPassword
	own.Type = models.LinkLinked
	waits.LocalUserState, waits.WaitsFor = "waiting", "guest_limit"
	first.FirstDeviceAt = time.Date(2026, time.November, 21, 14, 3, 0, 0, time.UTC)
	paused.LocalUserState, paused.Pause = models.LocalUserPaused, models.Pause{Since: first.FirstDeviceAt, Until: first.FirstDeviceAt.AddDate(0, 0, 14)}
	wrong := page(start, "fire_tv", "", "")
	wrong.Wrong, wrong.Code = true, s.wrong(wrong.Code, "12345", "quick_code_invalid")
	signs := page(start, "browser", "", "")
	signs.SignsIn = "https://a-rather-long-name-of-a-host.media.example.org/jellyfin"
	all := []sample{
		{"server_start", page(start, "browser", "", "")},
		{"server_start-signs_in", signs},
		{"server_start-asked", page(start, "android", "asked", "")},
		{"server_start-done", page(first, "android_tv", "done", "")},
		{"server_start-failed", page(waits, "iphone", "failed", "code_wrong")},
		{"server_start-paused", page(paused, "browser", "", "")},
		{"server_start-bare", page(bare, "roku", "", "")},
		{"server_start-wrong", wrong},
		{"server_start-builtin", page(builtin, "browser", "", "")},
		{"server_start-emby", page(emby, "browser", "", "")},
		{"server_start-by_password", page(byPassword, "browser", "", "")},
		{"server_start-by_password_own", page(own, "browser", "", "")},
	}
	for _, key := range []string{"apple_tv", "webos", "tizen", "kodi"} {
		all = append(all, sample{"server_start-" + key, page(start, key, "", "")})
	}
	return all
}
