package health

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The room on a disk below which it is named.
const (
	diskLow  = 2 << 30
	diskFull = 200 << 20
)

func lookAtDisks(_ context.Context, s *Sources) []Check {
	var checks []Check
	folders := slices.Clone(s.Folders)
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		free, err := s.Free(folder)
		params := map[string]any{"Megabytes": int(free >> 20)}
		reason := "ok"
		switch {
		case err != nil:
			reason = "unknown"
		case free < diskFull:
			reason = "full"
		case free < diskLow:
			reason = "low"
		}
		checks = append(checks, found("disk", reason, params).about(folder))
	}
	if s.Database != "" {
		checks = append(checks, lookAtFile(s))
	}
	return checks
}

// lookAtFile looks at the file system of the SQLite file. On one of a network, SQLite's locks and its shared memory do not
// work, and the database is damaged sooner or later.
func lookAtFile(s *Sources) Check {
	kind, err := s.FileKind(s.Database)
	params := map[string]any{"Kind": kind}
	switch {
	case err != nil:
		return found("database_file", "unknown", params).about(s.Database)
	case slices.Contains([]string{"nfs", "smb", "cifs", "smb2", "9p", "fuse", "afs", "ceph"}, kind):
		return found("database_file", "network", params).about(s.Database)
	default:
		return found("database_file", "ok", params).about(s.Database)
	}
}

// Settings are the settings that can be dangerous.
type Settings struct {
	SignUpOpen     bool
	CaptchaOff     bool
	AppsOpen       bool // apps may sign people up without a captcha
	Development    bool
	Listen         string
	LegacyMD5      bool
	MailPlain      bool // mails leave this machine without TLS
	TrustedProxies []netip.Prefix
}

func lookAtSettings(_ context.Context, s *Sources) []Check {
	var checks []Check
	say := func(is bool, reason string) {
		if is {
			checks = append(checks, found("settings", reason, nil))
		}
	}
	now := s.Settings
	open := !atHome(now.Listen) || !ownHost(s.PublicURL)
	say(now.Development && open, "development_open")
	say(now.Development && !open, "development")
	say(now.SignUpOpen && now.CaptchaOff, "sign_up_open")
	say(now.SignUpOpen && now.AppsOpen && !now.CaptchaOff, "apps_open")
	say(now.LegacyMD5, "md5")
	say(now.MailPlain, "mail_plain")
	for _, prefix := range now.TrustedProxies {
		if wide(prefix) {
			checks = append(checks, found("settings", "proxies_wide", map[string]any{"Network": prefix.String()}).about(prefix.String()))
		}
	}
	if len(checks) == 0 {
		say(true, "ok")
	}
	return checks
}

// wide reports whether a network of trusted proxies is so wide that other machines are surely in it. The networks of Docker
// and of a home are narrower, and 127.0.0.0/8 is this machine alone.
func wide(prefix netip.Prefix) bool {
	const least4, least6 = 12, 48
	least := least6
	if prefix.Addr().Is4() {
		least = least4
	}
	return prefix.Bits() < least && !prefix.Addr().IsLoopback()
}

// atHome reports whether an address to listen on is of this machine alone.
func atHome(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && loopback(host)
}

func ownHost(address string) bool {
	u, err := url.Parse(address)
	return err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.IsLoopback()
}
