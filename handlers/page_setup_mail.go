package handlers

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// The ways to send mails that the set-up offers: the schemes of the setting mail-url.
const (
	mailStartTLS = "smtp"
	mailTLS      = "smtps"
	mailPlain    = "smtp+plain"
)

// mailParts are the parts of the setting mail-url.
type mailParts struct{ encryption, server, port, user, password string }

// mailURL returns the setting for the parts.
func (p mailParts) mailURL() string {
	host := p.server
	if p.port != "" {
		host = net.JoinHostPort(p.server, p.port)
	}
	u := url.URL{Scheme: p.encryption, Host: host}
	if p.user != "" || p.password != "" {
		u.User = url.UserPassword(p.user, p.password)
	}
	return u.String()
}

// mailPartsOf returns the parts of the value of mail-url with its password, or without parts if it is no address of a server.
func mailPartsOf(text string) mailParts {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return mailParts{}
	}
	password, _ := u.User.Password()
	return mailParts{encryption: u.Scheme, server: u.Hostname(), port: u.Port(), user: u.User.Username(), password: password}
}

// mail fills in the form of the mail server by its parts.
func (p *setupStepPage) mail(in *inputs, all []Setting, now mailParts, setup models.Setup) {
	p.MailState, p.MailTo = mailState(setup), setup.MailTo
	p.Submit = p.T("setup.mail.send")
	at := slices.IndexFunc(all, func(one Setting) bool { return one.Name == "mail-url" })
	if at >= 0 && !all[at].Console {
		p.Fixed = append(p.Fixed, all[at])
	} else if at >= 0 {
		p.mailServer(in, now)
	}
	p.settings(in, all)
	in.show("mail_to", setup.MailTo)
	p.Inputs = append(p.Inputs, setupInput{Field: in.add(Field{Name: "mail_to", Type: "email", Autocomplete: "email", InputMode: "email", Hint: in.hint("mail_to")}, "mail_to")})
}

func (p *setupStepPage) mailServer(in *inputs, now mailParts) {
	for name, value := range map[string]string{"mail_server": now.server, "mail_port": now.port, "mail_user": now.user} {
		in.show(name, value)
	}
	add := func(f Field) {
		f.Autocomplete = "off"
		p.Inputs = append(p.Inputs, setupInput{Field: in.add(f, f.Name)})
	}
	add(Field{Name: "mail_server", Type: "text"})
	chosen := now.encryption
	if typed, ok := in.typed["mail_encryption"]; ok {
		chosen = typed
	}
	choice := SelectField{Field: in.add(Field{Name: "mail_encryption"}, "mail_encryption")}
	for _, one := range []Option{
		{Value: mailStartTLS, Label: p.T("setup.mail.starttls")}, {Value: mailTLS, Label: p.T("setup.mail.tls")}, {Value: mailPlain, Label: p.T("setup.mail.plain")},
	} {
		one.Chosen = one.Value == chosen
		choice.Options = append(choice.Options, one)
	}
	p.Inputs = append(p.Inputs, setupInput{Select: choice})
	add(Field{Name: "mail_port", Type: "text", InputMode: "numeric", Hint: in.hint("mail_port")})
	add(Field{Name: "mail_user", Type: "text"})
	add(Field{Name: "mail_password", Type: "password", Reveal: true, Hint: in.hint("mail_password")})
}

// trySetupMail sends a mail with the settings of the form. Only if the mail server takes it, the settings are saved.
func (s *site) trySetupMail(c *gin.Context, v setupVisit, f form) error {
	ctx := c.Request.Context()
	asked, err := s.askedSettings(c, v.step, f)
	if err != nil {
		return err
	}
	all, values, err := s.settingsNow(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(all, func(one Setting) bool { return one.Name == "mail-url" && one.Console }) {
		if err := missing(f, "mail_server"); err != nil {
			return err
		}
		asked = append(asked, askedSetting{name: "mail-url", value: mailOf(f, values["mail-url"]).mailURL()})
	}
	if err := missing(f, "mail_to"); err != nil {
		return err
	}
	if settingText(all, "public-url") == "" { // the mail has a link
		return &models.Error{Kind: models.KindInvalid, Code: "setup_address_first"}
	}
	changes, err := s.settingChanges(ctx, asked...)
	if err != nil {
		return underNames(err, map[string]string{"mail-url": "mail_server"})
	}
	for _, change := range changes {
		values[change.Name] = change.Value
	}
	to := strings.TrimSpace(f["mail_to"])
	text, err := s.Store.Setups.SendMail(ctx, v.pass, to)
	if err != nil {
		return err
	}
	if err := s.Desk.TryMail(ctx, values, models.Letter{To: to, Locale: s.locale(c), Secret: text}); err != nil {
		return &models.Error{Kind: models.KindInvalid, Code: "setup_mail_failed", Params: map[string]string{"Text": shortText(err.Error())}}
	}
	if err := s.Store.Setups.Change(ctx, v.pass, v.step, changes, caller(c)); err != nil || s.OnlySetUp {
		return err
	}
	return s.Desk.Reload(ctx)
}

// mailOf returns the parts in the form. An empty password means the one that is stored, if server and user are the same.
func mailOf(f form, stored string) mailParts {
	field := func(name string) string { return strings.TrimSpace(f[name]) }
	parts := mailParts{encryption: field("mail_encryption"), server: field("mail_server"), port: field("mail_port"), user: field("mail_user"), password: f["mail_password"]}
	before := mailPartsOf(stored)
	if parts.password == "" && parts.server == before.server && parts.user == before.user {
		parts.password = before.password
	}
	return parts
}

// shortText returns an error of a mail server, cut to what a page can show.
func shortText(text string) string {
	const most = 300
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
