package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/config"
)

// Values of the console rank below flags, the environment and the file, and above the default. They have the same rules.
func TestConsole(t *testing.T) {
	t.Parallel()
	base, loaded := load(t, environment{"LATCHKEY_MAIL_FROM": "L <l@example.org>"}, "--sign-up=closed")
	if diff := cmp.Diff([]string{"public-url", "mail-url"}, loaded.Missing()); diff != "" {
		t.Fatalf("missing (-want +got):\n%s", diff)
	}
	if err := loaded.Check(loaded.Missing()...); err != nil {
		t.Errorf("besides what is missing the settings are refused: %v", err)
	}
	with, all := loaded.WithConsole(map[string]string{
		"public-url": "https://Home.example.org/", "mail-url": "smtp://ann:geheim@mail.example.org:587", "mail-from": "other@example.org",
		"sign-up": "invite", "service-name": "Zu Hause", "listen": ":1", "no-such-setting": "x", "trusted-proxies": "10.0.0.1, 10.0.0.2",
	})
	if err := all.Check(); err != nil {
		t.Fatal(err)
	}
	got := []string{with.PublicURL, with.MailURL, with.MailFrom, with.SignUp, with.ServiceName, with.Listen, strings.Join(with.TrustedProxies, " ")}
	want := []string{"https://home.example.org", "smtp://ann:geheim@mail.example.org:587", "L <l@example.org>", "closed", "Zu Hause", "127.0.0.1:8470", "10.0.0.1 10.0.0.2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if base.ServiceName != "Latchkey" || base.PublicURL != "" || len(loaded.Missing()) != 2 {
		t.Errorf("the settings before are %+v, want them as they were", base)
	}
	for _, s := range all.InForce() {
		own := slices.Contains([]string{"public-url", "mail-url", "service-name", "trusted-proxies"}, s.Name)
		if s.Own != own || (s.Origin == "the console") != own {
			t.Errorf("%s comes from %s, own %v; want own %v", s.Name, s.Origin, s.Own, own)
		}
		if strings.Contains(s.Value+s.Text, "geheim") {
			t.Errorf("%s shows a secret: %+v", s.Name, s)
		}
		if (s.Name == "sign-up" || s.Name == "mail-from" || s.Name == "listen") && s.Console {
			t.Errorf("%s can be set on a page although something stronger has it, or because nobody may set it there", s.Name)
		}
	}
}

func TestConsoleProblems(t *testing.T) {
	t.Parallel()
	_, loaded := load(t, environment{}, "--public-url=https://a.example.org", "--mail-url=dir:x", "--mail-from=a@example.org")
	for _, test := range []struct {
		values map[string]string
		want   map[string]string
	}{
		{map[string]string{"sign-up": "magic"}, map[string]string{"sign-up": `"magic" is not one of open, invite, closed`}},
		{map[string]string{"password-min-length": "nine"}, map[string]string{"password-min-length": `"nine" is not a whole number, such as 10`}},
		{map[string]string{"captcha": "recaptcha", "recaptcha-site-key": "k"}, map[string]string{"recaptcha-secret": "is missing; captcha=recaptcha needs the site key and the secret that Google gave you"}},
		{map[string]string{"service-name": ""}, map[string]string{"service-name": "must not be empty; to use the default, remove it"}},
		{map[string]string{"operator-name": ""}, map[string]string{}},
	} {
		_, with := loaded.WithConsole(test.values)
		if diff := cmp.Diff(test.want, with.Problems()); diff != "" {
			t.Errorf("%v: problems (-want +got):\n%s", test.values, diff)
		}
	}
	// A file of a package may be empty. Then the setting is missing, and a page can set it, but to no folder of the machine.
	_, empty := load(t, environment{"LATCHKEY_MAIL_URL_FILE": write(t, "mail-url", "\n")}, "--public-url=https://a.example.org", "--mail-from=a@example.org")
	if diff := cmp.Diff([]string{"mail-url"}, empty.Missing()); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		values map[string]string
		want   map[string]string
	}{
		{map[string]string{"mail-url": "smtp://mail.example.org"}, map[string]string{}},
		{map[string]string{"mail-url": "dir:/etc"}, map[string]string{"mail-url": "cannot be a folder here; write dir:PATH into the environment or the file"}},
	} {
		_, with := empty.WithConsole(test.values)
		if diff := cmp.Diff(test.want, with.Problems()); diff != "" {
			t.Errorf("%v: problems (-want +got):\n%s", test.values, diff)
		}
	}
	if err := loaded.Check(); err != nil {
		t.Errorf("the settings without the console: %v, want no problem", err)
	}
}

func TestConsoleNames(t *testing.T) {
	t.Parallel()
	names := config.ConsoleNames()
	for _, never := range []string{"secret-key", "database", "listen", "data-dir", "config", "dev"} {
		if slices.Contains(names, never) {
			t.Errorf("%s can be set on a page, want not: it must be known before the database is open", never)
		}
	}
	if !config.IsSecret("mail-url") || config.IsSecret("mail-from") || config.IsSecret("no-such-setting") {
		t.Error("another setting is secret, want mail-url")
	}
}
