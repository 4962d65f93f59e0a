package builtin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/internal/embywire"
	"github.com/latchkey-media/latchkey/internal/limit"
	"github.com/latchkey-media/latchkey/internal/secret"
	"github.com/latchkey-media/latchkey/templates"
)

// proofPath is the path of the pages of proofs. The secret of the page follows.
const proofPath = "/latchkey/proof/"

// proofRoutes adds the page on which people prove which local user they are. Its forms
// cannot be sent by other sites.
func (f *handlers) proofRoutes(k *wire.Kit, r *embywire.Routes) {
	page := func(show func(*pages, http.ResponseWriter, *wire.Request) error) http.Handler {
		return k.Handle(func(w http.ResponseWriter, r *wire.Request) error {
			p, err := f.pages()
			if err != nil {
				return err
			}
			return show(p, w, r)
		})
	}
	sameSite := http.NewCrossOriginProtection()
	r.Handle("GET HEAD", proofPath+"{Secret}", page(f.showProof))
	r.Handle("POST", proofPath+"{Secret}", sameSite.Handler(page(f.takeProof)))
	r.Handle("GET HEAD", "/latchkey/pages.css", k.Handle(showStyle))
}

func (f *handlers) showProof(p *pages, w http.ResponseWriter, r *wire.Request) error {
	proof, err := f.openProof(r.Context(), r.PathValue("secret"))
	return f.renderProof(p, w, r, &proof, err)
}

func (f *handlers) takeProof(p *pages, w http.ResponseWriter, r *wire.Request) error {
	page := r.PathValue("secret")
	proof, err := f.openProof(r.Context(), page)
	if err != nil {
		return f.renderProof(p, w, r, &proof, err)
	}
	if r.Params.Get("answer") == "no" {
		if err := f.denyProof(r.Context(), page); err != nil {
			return err
		}
		return f.endPage(p, w, r, "denied", http.StatusOK)
	}
	name, password := r.Params.Get("username"), r.Params.Get("password")
	if err := f.answerProof(r.Context(), page, name, password, callerOf(r)); err != nil {
		return f.renderProof(p, w, r, &proof, err)
	}
	return f.endPage(p, w, r, "done", http.StatusOK)
}

// renderProof shows the form. The parameter wrong is the mistake in the last answer, or
// nil.
func (f *handlers) renderProof(p *pages, w http.ResponseWriter, r *wire.Request, proof *proofRow, wrong error) error {
	view := &proofView{Title: "title", Form: true, Account: proof.AccountName, Username: shownName(r.Params.Get("username"))}
	locale := p.languageOf(r.Header)
	wait, shut := errors.AsType[*limit.WaitError](wrong)
	switch {
	case wrong == nil:
		return f.writePage(p, w, r, view, http.StatusOK)
	case errors.Is(wrong, errProofOver):
		return f.endPage(p, w, r, "over", http.StatusGone)
	case errors.Is(wrong, errWrong):
		view.Wrong, view.Problem = true, p.say(locale, "wrong")
		return f.writePage(p, w, r, view, http.StatusUnprocessableEntity)
	case shut:
		seconds := strconv.Itoa(max(int(wait.After.Round(time.Second)/time.Second), 1))
		w.Header().Set("Retry-After", seconds)
		view.Problem = p.say(locale, "slow", "seconds", seconds)
		return f.writePage(p, w, r, view, http.StatusTooManyRequests)
	case errors.Is(wrong, secret.ErrBusy), errors.Is(wrong, context.Canceled):
		return f.endPage(p, w, r, "trouble", http.StatusServiceUnavailable)
	default:
		return wrong
	}
}

// endPage shows a page without a form.
func (f *handlers) endPage(p *pages, w http.ResponseWriter, r *wire.Request, what string, status int) error {
	locale := p.languageOf(r.Header)
	view := &proofView{Title: what + ".title", Text: p.say(locale, what+".text", "server", f.opt.Name)}
	return f.writePage(p, w, r, view, status)
}

func (f *handlers) writePage(p *pages, w http.ResponseWriter, r *wire.Request, view *proofView, status int) error {
	locale := p.languageOf(r.Header)
	view.Locale, view.Server, view.pages = locale, f.opt.Name, p
	// Behind a proxy the path may have a prefix that is not known here, so the address of
	// the style sheet is relative.
	view.Style = strings.Repeat("../", strings.Count(strings.Trim(r.URL.Path, "/"), "/")) + "latchkey/pages.css"
	var body bytes.Buffer
	if err := p.template.Execute(&body, view); err != nil {
		return fmt.Errorf("render the page of proofs: %w", err)
	}
	h := w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") { // these headers are for clients, not for pages
			h.Del(name)
		}
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", locale)
	h.Set("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// The value is not "no-referrer": with that, the browser would send forms without an
	// origin, and such forms are refused like forms of another site.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	if _, err := w.Write(body.Bytes()); err != nil {
		return nil //nolint:nilerr // the browser has gone away
	}
	return nil
}

// showStyle answers with the style sheet of the pages.
func showStyle(w http.ResponseWriter, _ *wire.Request) error {
	sheet, err := fs.ReadFile(templates.Static(), "css/latchkey.css")
	if err != nil {
		return fmt.Errorf("the style sheet: %w", err)
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := io.Copy(w, bytes.NewReader(sheet)); err != nil {
		return nil //nolint:nilerr // the browser has gone away
	}
	return nil
}
