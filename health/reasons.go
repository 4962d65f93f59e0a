package health

// Names returns the names of all checks, in their order.
func Names() []string {
	return []string{
		"reader", "address", "certificate", "proxy", "mail", "spf", "dkim", "dmarc", "queue", "clock", "clock_outside", "disk", "database", "database_file",
		"database_session", "database_write", "database_limits", "database_cluster", "backup", "agent", "server_certificate", "settings",
	}
}

// Reasons returns the reasons that each check can have, with the state that belongs to them.
func Reasons() map[string]map[string]State {
	arrived := map[string]State{"ok": OK, "direct": OK, "no_header": Problem, "untrusted": Problem, "proto": Advice, "host": Advice}
	return map[string]map[string]State{
		"reader": arrived,
		"proxy":  {"ok": OK, "direct": OK, "no_header": Problem, "untrusted": Problem, "proto": Advice, "host": Advice, "not_reached": Unknown},
		"address": {
			"ok": OK, "name_unknown": Problem, "no_answer": Problem, "other_program": Problem, "wrong_host": Problem, "not_ready": Problem, "redirect": Problem,
		},
		"certificate": {
			"ok": OK, "none": OK, "soon": Advice, "expired": Problem, "name": Problem, "untrusted": Problem, "no_tls": Problem, "not_reached": Unknown,
		},
		"mail":          {"ok": OK, "folder": Advice, "folder_development": OK, "failed": Problem},
		"spf":           {"ok": OK, "none": Problem, "several": Problem, "everybody": Problem, "no_end": Advice, "unknown": Unknown},
		"dkim":          {"ok": OK, "revoked": Problem, "not_found": Unknown, "unknown": Unknown},
		"dmarc":         {"ok": OK, "watch": OK, "none": Advice, "several": Problem, "invalid": Problem, "unknown": Unknown},
		"queue":         {"ok": OK, "waiting": Advice, "stuck": Problem, "dead": Advice},
		"clock":         {"ok": OK, "same": OK, "apart": Advice, "differ": Problem},
		"clock_outside": {"ok": OK, "differ": Advice, "not_reached": Unknown},
		"disk":          {"ok": OK, "low": Advice, "full": Problem, "unknown": Unknown},
		"database":      {"ok": OK, "old": Problem, "other": Advice, "away": Problem},
		"database_file": {"ok": OK, "network": Problem, "unknown": Unknown},
		"database_session": {
			"ok": OK, "mode": Problem, "isolation": Problem, "characters": Problem,
		},
		"database_write": {
			"ok": OK, "journal": Problem, "synchronous": Problem, "read_only": Problem, "flush": Advice, "binlog": Advice, "doublewrite": Advice,
		},
		"database_limits":    {"ok": OK, "packet": Advice, "wait": Advice, "connections": Advice},
		"database_cluster":   {"ok": OK, "two": Advice, "alone": Problem, "step": Problem, "format": Problem},
		"backup":             {"ok": OK, "pending": Advice, "by_hand": Advice, "never": Problem, "old": Problem, "failed": Problem},
		"agent":              {"ok": OK, "none": OK, "disabled": OK, "away": Advice, "wrong": Advice, "warnings": Advice, "older": Advice, "unchecked": Advice},
		"server_certificate": {"ok": OK, "soon": Advice, "expired": Advice},
		"settings": {
			"ok": OK, "sign_up_open": Problem, "apps_open": Problem, "development": Advice, "development_open": Problem, "proxies_wide": Problem, "md5": Advice,
			"mail_plain": Advice,
		},
	}
}
