package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shortestKey is the least number of characters of a secret key.
const shortestKey = 32

// check implements Set.
func (s *Settings) check(p *problems) {
	publicURL, err := checkPublicURL(s.PublicURL, s.Development)
	if p.add("public-url", err); err == nil {
		s.PublicURL = publicURL
	}
	contact, err := checkContact(s.SecurityContact)
	if p.add("security-contact", err); err == nil {
		s.SecurityContact = contact
	}
	p.add("listen", checkListen(s.Listen))
	metrics, err := checkMetricsListen(s.MetricsListen, s.Listen)
	if p.add("metrics-listen", err); err == nil {
		s.MetricsListen = metrics
	}
	p.add("trusted-proxies", checkProxies(s.TrustedProxies))
	p.add("busy-addresses", checkBusy(s.BusyAddresses))
	p.add("webhook-networks", checkWebhookNetworks(s.WebhookNetworks))
	p.add("service-name", checkShortText(s.ServiceName))
	p.add("operator-name", checkShortText(s.OperatorName))
	p.add("database", checkDatabase(s.Database))
	p.add("mail-url", checkMailURL(s.MailURL))
	p.add("mail-from", checkMailFrom(s.MailFrom))
	p.add("secret-key", checkKey(s.SecretKey))
	p.add("secret-key-previous", checkKey(s.SecretKeyPrevious))
	if s.SecretKeyPrevious != "" && s.SecretKeyPrevious == s.SecretKey {
		p.add("secret-key-previous", errors.New("is the same as secret-key; set it to the previous key, or leave it empty"))
	}
	p.add("backup-at", checkTimeOfDay(s.BackupAt))
	p.add("backup-recipients", checkRecipients(s.BackupRecipients))
	s.checkRecaptcha(p)
	checkOrder(p, "session-life", s.SessionLife, "session-idle", s.SessionIdle)
	checkOrder(p, "device-life", s.DeviceLife, "device-idle", s.DeviceIdle)
}

func (s *Settings) checkRecaptcha(p *problems) {
	if s.Captcha != "recaptcha" {
		return
	}
	for name, value := range map[string]string{"recaptcha-site-key": s.RecaptchaSiteKey, "recaptcha-secret": s.RecaptchaSecret} {
		if value == "" {
			p.add(name, fmt.Errorf("%w; captcha=recaptcha needs the site key and the secret that Google gave you", errMissing))
		}
	}
}

func checkOrder(p *problems, longName string, long time.Duration, shortName string, short time.Duration) {
	if long < short && !p.has(shortName) {
		p.add(longName, fmt.Errorf("is %s and so shorter than %s, which is %s; it must be as long or longer",
			durationText(long), shortName, durationText(short)))
	}
}

var errMissing = errors.New("is missing")

// check returns an error if the value breaks a rule that the setting's tags give.
func (s setting) check(of traits) error {
	if s.field.Kind() == reflect.String && s.field.IsZero() {
		return s.checkPresent(of)
	}
	switch value := s.field.Interface().(type) {
	case string:
		if s.secret != secretWhole && strings.ContainsFunc(value, unicode.IsControl) || !utf8.ValidString(value) {
			return errors.New("contains a line break or another character that cannot be shown; write it on one line")
		}
		return s.checkChoice(value)
	case int:
		least, _ := strconv.Atoi(s.least)
		most, _ := strconv.Atoi(s.most)
		if value < least || value > most {
			return fmt.Errorf("%d is out of range; it must be from %s to %s", value, s.least, s.most)
		}
	case time.Duration:
		least, _ := parseDuration(s.least)
		most, _ := parseDuration(s.most)
		if value < least || value > most {
			return fmt.Errorf("%s is out of range; it must be from %s to %s", durationText(value), s.least, s.most)
		}
	}
	return nil
}

func (s setting) checkChoice(value string) error {
	if s.choices != nil && !slices.Contains(s.choices, value) {
		return fmt.Errorf("%s is not one of %s", quote(value), strings.Join(s.choices, ", "))
	}
	return nil
}

func (s setting) checkPresent(of traits) error {
	switch {
	case s.mandatory && of.alwaysReal:
		return fmt.Errorf("%w; it must be set, with --%s=%s or as %s", errMissing, s.name, s.placeholder, s.variable())
	case s.mandatory && !of.development:
		return fmt.Errorf("%w; outside development it must be set, with --%s=%s or as %s", errMissing, s.name, s.placeholder, s.variable())
	case s.standard != "", s.development != "":
		return errors.New("must not be empty; to use the default, remove it")
	}
	return nil
}

func checkListen(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil || !isPort(port) || (host != "" && !isHost(host)) {
		return fmt.Errorf("%s is not an address with a port, such as 127.0.0.1:8470, [::1]:8470 or :8470", quote(text))
	}
	return nil
}

// checkMetricsListen returns the address at which Prometheus reads the numbers. If the text names only a port, it
// adds the loopback address of this machine. The parameter other is the address of the service.
func checkMetricsListen(text, other string) (string, error) {
	if text == "" {
		return "", nil
	}
	if err := checkListen(text); err != nil {
		return "", err
	}
	host, port, _ := net.SplitHostPort(text)
	if _, same, err := net.SplitHostPort(other); err == nil && same == port && port != "0" {
		return "", errors.New("has the port of listen; the numbers need a port of their own")
	}
	return net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port), nil
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// isHost reports whether text is an IP address or a host name in ASCII.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return len(text) <= 253 && regexp.MustCompile(`^[0-9A-Za-z_]([0-9A-Za-z_.-]*[0-9A-Za-z.])?$`).MatchString(text) &&
		!strings.Contains(text, "..")
}

// checkPublicURL returns the address in lower case, without a slash at its end and without the
// default port of its scheme. Its errors never quote the address, because some people write a
// password into it.
func checkPublicURL(text string, development bool) (string, error) {
	if text == "" {
		return "", nil // the setting is missing; another check reports that
	}
	u, err := parseSite(text, "https://latchkey.example.org")
	switch {
	case err != nil:
		return "", err
	case u.Path != "":
		return "", errNotAlone
	case u.Scheme != "https" && !development:
		return "", errors.New("must start with https:// outside development; plain http lets others read passwords")
	}
	return u.String(), nil
}

var errNotAlone = errors.New("must have nothing after the host and port, such as https://latchkey.example.org; a path is not supported, give the service its own host name")

// parseSite reads scheme://host:port/path. It returns scheme and host in lower case, without a
// slash at the end and without the default port of the scheme. Its errors show example, which is a
// correct address.
func parseSite(text, example string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("is not an address such as %s", example)
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("must not contain a user or a password; write it like %s", example)
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return nil, fmt.Errorf("must not contain ? or #; write it like %s", example)
	case !isHost(u.Hostname()):
		return nil, errors.New("has a host name with letters that are not ASCII; write the name as punycode, xn--…")
	case u.Port() == "" && strings.HasSuffix(u.Host, ":"), u.Port() != "" && !isPort(u.Port()):
		return nil, errors.New("has a port that is not valid; use a number from 1 to 65535")
	}
	host := strings.ToLower(u.Host)
	if u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return &url.URL{Scheme: u.Scheme, Host: host, Path: strings.TrimRight(u.Path, "/"), RawPath: strings.TrimRight(u.RawPath, "/")}, nil
}

// checkContact returns the contact as an address with a scheme, which
// security.txt requires.
func checkContact(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	bare := strings.TrimPrefix(text, "mailto:")
	if address, err := mail.ParseAddress(bare); err == nil && address.Address == bare {
		return "mailto:" + bare, nil
	}
	if u, err := url.Parse(text); err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil {
		return text, nil
	}
	return "", errors.New("must be an email address, or an address that starts with https://")
}

func checkShortText(text string) error {
	const most = 60
	if utf8.RuneCountInString(text) > most {
		return fmt.Errorf("is longer than %d characters", most)
	}
	return nil
}

func checkKey(text string) error {
	if length := utf8.RuneCountInString(text); text != "" && length < shortestKey {
		return fmt.Errorf("has %d characters; it must have %d or more; this command makes a good one: openssl rand -base64 48", length, shortestKey)
	}
	return nil
}

func checkMailFrom(text string) error {
	if address, err := mail.ParseAddress(text); text != "" && (err != nil || !isBareEmail(address.Address)) {
		return fmt.Errorf("%s is not a sender such as Latchkey <latchkey@example.org>", quote(text))
	}
	return nil
}

func checkProxies(texts []string) error {
	for _, text := range texts {
		if _, err := parseProxy(text); err != nil {
			return err
		}
	}
	return nil
}

// parseProxy reads an address or a network of proxies. It refuses networks that are so wide that
// strangers are in them, because a trusted proxy can claim any address as the caller's.
func parseProxy(text string) (netip.Prefix, error) {
	prefix, err := parseNetwork(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if least, wide := tooWide(prefix); wide {
		return netip.Prefix{}, fmt.Errorf("%s includes far more than your own proxies, so a stranger could claim any address; name the addresses of the proxies, or networks of /%d or narrower", quote(text), least)
	}
	return prefix, nil
}

// parseNetwork reads an address or a network. An address becomes a network with one address. IPv4
// in IPv6 is read as IPv4.
func parseNetwork(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%s is neither an address such as 127.0.0.1 nor a network such as 10.0.0.0/8", quote(text))
		}
		prefix = netip.PrefixFrom(address, address.BitLen())
	}
	address, bits := prefix.Addr(), prefix.Bits()
	if address.Is4In6() {
		address, bits = address.Unmap(), max(0, bits-96)
	}
	return netip.PrefixFrom(address, bits).Masked(), nil
}

// tooWide reports whether a network is wider than the widest private network. least is the shortest
// prefix that is allowed.
func tooWide(prefix netip.Prefix) (least int, wide bool) {
	least = 7 // fc00::/7 is the widest private network of IPv6
	if prefix.Addr().Is4() {
		least = 8 // 10.0.0.0/8 is the widest private network of IPv4
	}
	return least, prefix.Bits() < least
}
