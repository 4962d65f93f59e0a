package health

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
)

// Mail is how the service sends mails.
type Mail struct {
	Domain      string // of the sender's address
	Folder      bool   // mails are written into a folder
	Development bool
	// Reach opens a connection to the mail server and signs in, without sending a mail. It is nil with Folder. Its errors
	// hold no secret.
	Reach func(context.Context) error
}

// Resolver asks the DNS. A [net.Resolver] is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

func lookAtMail(ctx context.Context, s *Sources) []Check {
	switch m := s.Mail; {
	case m.Folder && m.Development:
		return []Check{found("mail", "folder_development", nil)}
	case m.Folder:
		return []Check{found("mail", "folder", nil)}
	default:
		if err := m.Reach(ctx); err != nil {
			return []Check{found("mail", "failed", map[string]any{"Text": err.Error()})}
		}
		return []Check{found("mail", "ok", nil)}
	}
}

// texts returns the TXT records of a name that begin with a tag. A name without records has none.
func texts(ctx context.Context, s *Sources, name, tag string) ([]string, error) {
	list, err := s.Resolver.LookupTXT(ctx, name+".")
	if missing, ok := errors.AsType[*net.DNSError](err); ok && missing.IsNotFound {
		return nil, nil
	}
	return slices.DeleteFunc(list, func(text string) bool {
		rest, is := strings.CutPrefix(strings.ToLower(text), tag)
		return !is || tag != "" && rest != "" && !strings.ContainsAny(rest[:1], " ;")
	}), err
}

// lookAtSPF looks whether the sender's domain says which machines send its mails. Which machine the mail server sends from
// cannot be known here, so it is not compared with the record.
func lookAtSPF(ctx context.Context, s *Sources) []Check {
	if s.Mail.Folder {
		return nil
	}
	list, err := texts(ctx, s, s.Mail.Domain, "v=spf1")
	params := map[string]any{"Domain": s.Mail.Domain}
	if err == nil && len(list) == 1 {
		params["Record"] = list[0]
		return []Check{found("spf", judgeSPF(list[0]), params)}
	}
	return []Check{found("spf", byNumber(list, err), params)}
}

// byNumber returns the reason for a domain that has not exactly one record.
func byNumber(list []string, err error) string {
	switch {
	case err != nil:
		return "unknown"
	case len(list) == 0:
		return "none"
	default:
		return "several"
	}
}

func judgeSPF(record string) string {
	end := "no_end"
	for term := range strings.FieldsSeq(strings.ToLower(record)) {
		switch {
		case term == "all", term == "+all":
			return "everybody"
		case term == "-all", term == "~all", term == "?all", strings.HasPrefix(term, "redirect="):
			end = "ok"
		}
	}
	return end
}

// Selectors returns the names under which keys of DKIM are looked for. The DNS does not list them, and each mail server has
// its own, so a key under another name is not found.
func Selectors() []string {
	return []string{
		"default", "dkim", "mail", "selector1", "selector2", "google", "s1", "s2", "k1", "k2", "k3", "key1", "smtp", "mailjet", "mandrill", "mx", "fm1", "fm2", "fm3",
		"protonmail", "zoho", "sig1", "latchkey",
	}
}

// lookAtDKIM looks for the keys by which receivers check the signatures of mails, under the names that are usual.
func lookAtDKIM(ctx context.Context, s *Sources) []Check {
	if s.Mail.Folder {
		return nil
	}
	type answer struct {
		selector string
		texts    []string
		err      error
	}
	selectors := append(Selectors(), s.Selectors...)
	answers := make(chan answer, len(selectors))
	for _, selector := range selectors {
		go func() {
			list, err := texts(ctx, s, selector+"._domainkey."+s.Mail.Domain, "")
			answers <- answer{selector, list, err}
		}()
	}
	var good, revoked []string
	var failed error
	for range selectors {
		one := <-answers
		failed = errors.Join(failed, one.err)
		for _, text := range one.texts {
			switch key, is := keyOf(text); {
			case is && key == "":
				revoked = append(revoked, one.selector)
			case is:
				good = append(good, one.selector)
			}
		}
	}
	slices.Sort(good)
	slices.Sort(revoked)
	params := map[string]any{"Domain": s.Mail.Domain, "Selectors": strings.Join(slices.Compact(good), ", ")}
	switch {
	case len(good) > 0:
		return []Check{found("dkim", "ok", params)}
	case len(revoked) > 0:
		params["Selectors"] = strings.Join(slices.Compact(revoked), ", ")
		return []Check{found("dkim", "revoked", params)}
	case failed != nil:
		return []Check{found("dkim", "unknown", params)}
	default:
		return []Check{found("dkim", "not_found", params)}
	}
}

// keyOf returns the key of a record of DKIM, and false for another text. An empty key is revoked.
func keyOf(record string) (key string, is bool) {
	for tag := range strings.SplitSeq(record, ";") {
		name, value, found := strings.Cut(tag, "=")
		if found && strings.TrimSpace(name) == "p" {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// lookAtDMARC looks for the policy of the sender's domain, or of the domains above it.
func lookAtDMARC(ctx context.Context, s *Sources) []Check {
	if s.Mail.Folder {
		return nil
	}
	params := map[string]any{"Domain": s.Mail.Domain}
	for domain := s.Mail.Domain; strings.Contains(domain, "."); _, domain, _ = strings.Cut(domain, ".") {
		list, err := texts(ctx, s, "_dmarc."+domain, "v=dmarc1")
		if err == nil && len(list) == 0 {
			continue
		}
		if err == nil && len(list) == 1 {
			params["Record"] = list[0]
			return []Check{found("dmarc", judgeDMARC(list[0]), params)}
		}
		return []Check{found("dmarc", byNumber(list, err), params)}
	}
	return []Check{found("dmarc", "none", params)}
}

func judgeDMARC(record string) string {
	for tag := range strings.SplitSeq(strings.ToLower(record), ";") {
		name, value, _ := strings.Cut(tag, "=")
		if strings.TrimSpace(name) != "p" {
			continue
		}
		switch strings.TrimSpace(value) {
		case "none":
			return "watch"
		case "quarantine", "reject":
			return "ok"
		}
	}
	return "invalid"
}
