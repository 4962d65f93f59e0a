package agent

import (
	"fmt"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// checkWords are the result of a check as a sentence, and what to do about it.
type checkWords struct{ text, advice string }

// wordsOf returns the words of a check for the admin at the machine. The service has words of its
// own for its pages, in the language of the reader.
func wordsOf(check Check) (text, advice string) {
	key := check.Name + "/" + check.Reason
	words, known := wordsByReason()[key]
	if !known {
		words = checkWords{text: "This could not be checked (" + key + ").", advice: "Look into the log of the agent."}
	}
	return words.text + details(check), words.advice
}

// details returns the end of the text of a check: the numbers and the date that it has found.
func details(check Check) string {
	switch {
	case !check.Until.IsZero() && check.Reason == "certificate_expired":
		return fmt.Sprintf(" It was valid until %s.", check.Until.UTC().Format(time.DateOnly))
	case !check.Until.IsZero() && check.State != client.CheckWrong:
		return fmt.Sprintf(" Its certificate is valid until %s.", check.Until.UTC().Format(time.DateOnly))
	case check.Version != "":
		return " Its version is " + check.Version + "."
	case check.Seconds > 0:
		return fmt.Sprintf(" The difference is %v.", time.Duration(check.Seconds)*time.Second)
	case check.Megabytes > 0:
		return fmt.Sprintf(" %d MB are free.", check.Megabytes)
	default:
		return ""
	}
}

const (
	adviceOutside = "If it works from outside, the router does not lead back into its own network, and nothing is wrong. Try it from outside, on the server's page at the service."
	adviceProxy   = "Take the lines for the proxy from docs/agent.md, and reload the proxy."
)

// wordsByReason returns the words of all results, by the name of the check and the reason.
func wordsByReason() map[string]checkWords {
	return map[string]checkWords{
		"media_server/ok":            {"The media server answers.", ""},
		"media_server/away":          {"The media server does not answer the agent.", "Check that it runs, and that media-server-url is right."},
		"media_server/other_program": {"Another program answers in place of the media server.", "Set media-server-url to the address of Jellyfin itself."},
		"media_server/starting":      {"The media server is starting.", "Wait a minute, then check again."},
		"media_server/unfinished":    {"The media server has not finished its own first setup.", "Finish it in the browser."},
		"media_server/unknown":       {"The media server answers something that the agent does not understand.", "Look into its log."},

		"version/ok":          {"The media server is new enough.", ""},
		"version/newer":       {"The media server is newer than this agent knows. It will probably work.", "Check whether a newer Latchkey is available."},
		"version/too_old":     {"The media server is too old: nobody can be signed in there.", "Update Jellyfin to 10.9 or newer."},
		"version/not_reached": {"The version could not be checked, because the media server does not answer.", ""},

		"key/ok":          {"The media server accepts the key of the agent.", ""},
		"key/refused":     {"The media server refuses the key of the agent: nobody can be signed in.", "Make a key in Jellyfin under Dashboard, API Keys, and run 'latchkey agent setup --force'."},
		"key/unknown":     {"The key could not be checked.", "Look into the log of the media server."},
		"key/not_reached": {"The key could not be checked, because the media server does not answer.", ""},

		"quick_connect/ok":          {"Quick Connect is on.", ""},
		"quick_connect/off":         {"Quick Connect is off: no device can be signed in.", "Switch it on in Jellyfin under Dashboard, General."},
		"quick_connect/unknown":     {"Quick Connect could not be checked.", "Look into the log of the media server."},
		"quick_connect/not_reached": {"Quick Connect could not be checked, because the media server does not answer.", ""},

		"older_apps/ok": {"Jellyfin's own apps work, and apps in the manner of Emby, too.", ""},
		"older_apps/legacy_off": {
			"Jellyfin's own apps work. Apps in the manner of Emby get a token and then fail at Jellyfin itself, because legacy authorization is off.",
			"If you need such apps, set EnableLegacyAuthorization to true in Jellyfin's system.xml, and let the proxy take /emby and /mediabrowser off the paths for Jellyfin.",
		},
		"older_apps/prefixes": {
			"Jellyfin's own apps work, and legacy authorization is on. But this version does not know the paths of apps in the manner of Emby.",
			"If you need such apps, let the proxy take /emby and /mediabrowser off the paths for Jellyfin.",
		},

		"address/ok":                    {"The media server answers there.", ""},
		"address/name_unknown":          {"The name has no address.", "Correct the name, or its entry at your provider of names (DNS)."},
		"address/no_answer":             {"Nothing answers there from here.", "Check the port and the firewall. " + adviceOutside},
		"address/certificate_soon":      {"The certificate ends soon.", "Check why the proxy has not renewed it yet."},
		"address/certificate_expired":   {"The certificate has expired: apps and browsers refuse it.", "Let the proxy renew it, and check the clock of this machine."},
		"address/certificate_name":      {"The certificate is for another name: apps and browsers refuse it.", "Let the proxy get one for the name of this address."},
		"address/certificate_untrusted": {"The certificate comes from an authority that this machine does not trust, or is not valid yet: most apps refuse it.", "Let the proxy get one from a public authority."},
		"address/no_tls":                {"The address begins with https, but what answers there does not encrypt.", "Report the address with http, or let the proxy encrypt at this port."},
		"address/redirect":              {"The address leads to another one: some apps do not follow.", "Report the address to which it leads."},
		"address/base_path":             {"A web server answers, but the media server is not below this path.", "Correct the path of the address: it must be the base URL of Jellyfin."},
		"address/other_server":          {"Another server or program answers there.", "Check where the router and the proxy lead this address. " + adviceOutside},
		"address/server_away":           {"The proxy answers, but it does not reach the media server.", "Check that the media server runs, and the address to which the proxy leads."},
		"address/not_reached":           {"The address could not be checked, because the media server has not answered yet.", ""},

		"open_path/ok":         {"Open signs people in there.", ""},
		"open_path/not_handed": {"The proxy does not hand /latchkey/ to the agent, so that Open cannot sign people in.", adviceProxy},
		"open_path/no_answer":  {"The path for Open could not be checked from here.", adviceOutside},

		"connect_path/ok":         {"The proxy hands the Connect paths to the agent.", ""},
		"connect_path/not_handed": {"The proxy does not hand the Connect paths to the agent, so that apps in the manner of Emby Connect cannot sign in.", adviceProxy},
		"connect_path/no_answer":  {"The Connect paths could not be checked from here.", adviceOutside},

		"clock/ok":      {"The clock is right.", ""},
		"clock/ahead":   {"The clock of this machine is ahead of the service's.", "Switch on the time service of this machine, such as systemd-timesyncd."},
		"clock/behind":  {"The clock of this machine is behind the service's.", "Switch on the time service of this machine, such as systemd-timesyncd."},
		"clock/unknown": {"The clock could not be compared, because the service does not answer.", ""},

		"disk/ok":      {"There is room on the disk.", ""},
		"disk/low":     {"There is little room left on the disk.", "Make room before the agent can no longer write."},
		"disk/full":    {"The disk is full: the agent can hardly write its own file.", "Make room at once."},
		"disk/unknown": {"The room on the disk could not be found out.", ""},
	}
}
