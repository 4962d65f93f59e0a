package handlers

import (
	"maps"
	"slices"
	"time"

	"github.com/latchkey-media/latchkey/health"
	"github.com/latchkey-media/latchkey/models"
)

// operatorSamples returns the pages of operators, full and empty.
func (s sampler) operatorSamples() []sample {
	days := make([]models.Day, 30)
	for i := range days {
		days[i] = models.Day{Date: s.at.Truncate(24*time.Hour).AddDate(0, 0, i-29), SignUps: i % 3, SignIns: i * i, Mails: 1000 * (i % 7)}
	}
	overview := operatorOverviewPage{operatorPage: s.operator("operator", ""), Overview: models.Overview{Accounts: 120, Servers: 3, Throttles: 2}, ServersUp: 3, Version: "1.4.0"}
	overview.Charts = overview.charts(days)
	acts := operatorActsPage{operatorPage: s.operator("operator_acts", "history")}
	acts.List = s.operatorActs(acts.Base)
	acts.Turns = turnsView{acts.Base, Turns{First: "/admin/history", Next: "/admin/history?before=x"}}
	noActs := operatorActsPage{operatorPage: s.operator("operator_acts", "history")}
	noActs.List, noActs.Turns = noActs.actList(nil), turnsView{Base: noActs.Base}
	settings := operatorSettingsPage{operatorPage: s.operator("operator_settings", "settings"), Settings: []Setting{
		{Name: "public-url", Value: "https://latchkey.example.org/with/a/path/that/is/rather/long", Origin: "environment LATCHKEY_PUBLIC_URL"},
		{Name: "secret-key", Value: "••••", Origin: "file"},
		{Name: "sign-up", Value: "open", Origin: "the console", Console: true, Own: true},
	}}
	edit := operatorSettingsEditPage{operatorPage: s.operator("operator_settings_edit", "settings"), Mail: true}
	edit.Of = Setting{Name: "mail-url", Value: "smtp://ann:••••@mail.example.org", Origin: "the console", Console: true, Own: true, Secret: true}
	edit.Field, edit.Select = newInputs(edit.Base, nil, mistakes{status: 200}).setting(edit.Of)
	choose := operatorSettingsEditPage{operatorPage: s.operator("operator_settings_edit", "settings")}
	choose.Of = Setting{Name: "sign-up", Value: "open", Text: "open", Origin: "default", Console: true, Choices: []string{"open", "invite", "closed"}}
	choose.Field, choose.Select = newInputs(choose.Base, nil, mistakes{status: 200}).setting(choose.Of)
	throttles := operatorThrottlesPage{operatorPage: s.operator("operator_throttles", "throttles"), Count: 3, Subject: "mira.k"}
	throttles.Throttles = s.throttled(throttles.Base)
	free := operatorThrottlesPage{operatorPage: s.operator("operator_throttles", "throttles"), Subject: "192.0.2.1"}
	samples := []sample{
		{"operator", overview},
		{"operator_acts", acts},
		{"operator_acts-none", noActs},
		{"operator_settings", settings},
		{"operator_health", s.health(health.Reasons())},
		{"operator_health-fine", s.health(map[string]map[string]health.State{"mail": {"ok": health.OK}})},
		{"operator_settings_edit", edit},
		{"operator_settings_edit-choice", choose},
		{"operator_throttles", throttles},
		{"operator_throttles-none", free},
	}
	samples = append(samples, s.operatorFamilySamples()...)
	samples = append(samples, s.operatorInviteSamples()...)
	samples = append(samples, s.operatorMessageSamples()...)
	samples = append(samples, s.operatorAccountSamples()...)
	samples = append(samples, s.operatorServerSamples()...)
	return append(samples, s.operatorMailSamples()...)
}

// health returns the page of health with these findings.
func (s sampler) health(reasons map[string]map[string]health.State) operatorHealthPage {
	page := operatorHealthPage{operatorPage: s.operator("operator_health", "health"), At: s.at}
	var list []health.Check
	for _, name := range health.Names() {
		for _, reason := range slices.Sorted(maps.Keys(reasons[name])) {
			list = append(list, health.Check{Name: name, Reason: reason, State: reasons[name][reason], Subject: "https://media.example.org:8920", Params: map[string]any{
				"Host": "latchkey.example.org", "Proxy": "192.0.2.1", "Caller": "203.0.113.9", "Proto": "http", "Status": "502", "Days": 9, "Date": "2026-11-30", "Issuer": "An Authority",
				"Text": "535 5.7.8 the password was refused", "Domain": "example.org", "Record": "v=spf1 include:_spf.example.net -all", "Selectors": "mail, s1", "Waiting": 3, "Dead": 1,
				"Minutes": 90, "Seconds": 12, "Megabytes": 900, "Version": "1.4.0", "Kind": "ext4", "Value": "2", "Least": 60, "Hours": 12, "Wrong": 1, "Warnings": 2, "Good": 9, "Ours": "1.5.0",
				"Server": longName, "Network": "10.0.0.0/8",
			}})
		}
	}
	page.fill(list)
	return page
}

func (s sampler) operator(page, here string) operatorPage {
	base := s.noticed(s.signedIn(page), "notice.operator_done")
	base.Account.Operator = true
	return operatorPage{base, operatorParts{base, base.operatorLinks(here)}}
}

// operatorActs returns one act of each kind.
func (s sampler) operatorActs(b Base) operatorActList {
	var acts []models.Act
	for i, kind := range models.ActKinds() {
		act := models.Act{Kind: kind, ActorID: int64(i%3 - 1), AccountID: int64(i%4 - 1), At: s.at}
		if act.ActorID > 0 {
			act.Actor = "mira.k"
		}
		if act.AccountID > 0 {
			act.Account = "tom"
		}
		if i%5 == 0 {
			act.ServerID, act.Subject = 1, longName
		}
		acts = append(acts, act)
	}
	return b.actList(acts)
}

func (s sampler) throttled(b Base) []throttledView {
	var all []models.Throttled
	scopes := []string{models.ThrottleAccount, models.ThrottleName, models.ThrottleAddress, models.ThrottleNetwork}
	for i, what := range models.ThrottleWhats() {
		all = append(all, models.Throttled{What: what, Scope: scopes[i%len(scopes)], Tries: i + 1, Until: s.at})
	}
	return b.throttledViews(all)
}

func (s sampler) operatorAccountSamples() []sample {
	list := operatorAccountsPage{operatorPage: s.operator("operator_accounts", "accounts"), Prefix: "mi", State: models.AccountsActive}
	list.Filters = list.accountFilters(models.AccountsAsk{Prefix: "mi", State: models.AccountsActive})
	list.Turns = turnsView{list.Base, Turns{First: "/admin/accounts", Next: "/admin/accounts?before=x"}}
	none := list
	none.Turns = turnsView{Base: none.Base}
	var samples []sample
	me := models.Session{AccountID: 1}
	for name, account := range map[string]models.Account{
		"operator_account":             {ID: 2, Username: "mira.k", DisplayName: "Mira Køhler", Email: "mira@example.org", ConfirmedAt: s.at, HasPIN: true},
		"operator_account-self":        {ID: 1, Username: "ada", DisplayName: "ada", Email: "ada@example.org", ConfirmedAt: s.at, Operator: true, HasPIN: true, PINOff: true},
		"operator_account-unconfirmed": {ID: 3, Username: "a-very-long-username-of-32-chars", DisplayName: longName, Email: "a-very-long-address-with-many-letters@example.org"},
		"operator_account-disabled":    {ID: 4, Username: "tom", DisplayName: "Tom", ConfirmedAt: s.at, DisabledAt: s.at, Operator: true},
	} {
		account.CreatedAt, account.PasswordChangedAt = s.at, s.at
		view := newOperatedAccountView(me, account)
		page := operatorAccountPage{operatorPage: s.operator("operator_account", "accounts"), Of: view, Family: "/admin/families/1"}
		if account.ID == 2 {
			page.Throttles = s.throttled(page.Base)
		}
		page.List = s.operatorActs(page.Base)
		samples, list.Accounts = append(samples, sample{name, page}), append(list.Accounts, view)
	}
	return append(samples, sample{"operator_accounts", list}, sample{"operator_accounts-none", none})
}

func (s sampler) operatorServerSamples() []sample {
	list := operatorServersPage{operatorPage: s.operator("operator_servers", "servers"), State: models.ServersAway}
	list.Filters = operatorFilters("servers", "", nil, []string{"", models.ServersAway}, []string{list.T("operator.filter.all"), list.T("operator.filter.away")})
	list.Turns = turnsView{Base: list.Base}
	none := list
	var samples []sample
	for name, view := range map[string]operatedServerView{
		"operator_server":          {Name: longName, Owner: "mira.k", Agent: true, Version: "10.11.2", Away: true, People: 12},
		"operator_server-disabled": {Name: "Den", Disabled: true},
	} {
		view.Href, view.OwnerHref, view.ReportedName, view.SeenAt, view.CreatedAt = "/admin/servers/1", "/admin/accounts/1", "den", s.at, s.at
		view.Face = faceOf(view.Name, 3, "")
		page := operatorServerPage{
			operatorPage: s.operator("operator_server", "servers"), Of: view, SystemID: "5ed0b3f6c2a94d0f8b0f4f1f6d3a2c1b", Pending: 1, Invites: 2,
			Addresses: []operatedAddressView{{"https://media.example.org", false}, {"http://192.168.1.2:8096", true}},
		}
		page.List = page.actList(nil)
		samples, list.Servers = append(samples, sample{name, page}), append(list.Servers, view)
	}
	return append(samples, sample{"operator_servers", list}, sample{"operator_servers-none", none})
}

func (s sampler) operatorMailSamples() []sample {
	list := operatorMailsPage{operatorPage: s.operator("operator_mails", "mails"), State: models.MailsWaiting}
	list.Filters = operatorFilters("mails", "", nil, mailStates(), []string{list.T("operator.filter.all"), list.T("operator.filter.waiting"), list.T("operator.filter.dead")})
	list.Turns = turnsView{Base: list.Base}
	none := list
	var samples []sample
	for name, view := range map[string]queuedMailView{
		"operator_mail":           {To: "a-very-long-address-with-many-letters@example.org", NextAt: s.at, Attempts: 3, Reason: "451 4.7.1 the mail server is busy, and says so with many words"},
		"operator_mail-dead":      {Account: "/admin/accounts/1", Dead: true, Attempts: 12, Reason: "550 no such mailbox"},
		"operator_mail-unwritten": {Sending: true, Attempts: 1},
	} {
		view.Href, view.Kind, view.OwedAt = "/admin/mails/1", "password_reset", s.at
		page := operatorMailPage{operatorPage: s.operator("operator_mail", "mails"), Of: view, Nobody: view.Dead}
		if !view.Sending {
			page.Subject, page.Text = "Choose a new password", "Hello Mira,\n\nhttps://latchkey.example.org/reset?token=left-out\n"
		}
		samples, list.Mails = append(samples, sample{name, page}), append(list.Mails, view)
	}
	return append(samples, sample{"operator_mails", list}, sample{"operator_mails-none", none})
}
