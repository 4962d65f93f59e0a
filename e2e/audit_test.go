//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// audit checks the open page in every look: the page must fit the window, and people with
// disabilities must be able to use it, as far as axe-core can find that out.
func (v *visitor) audit(name string) {
	v.t.Helper()
	before := v.look
	v.do(chromedp.Evaluate(axe, nil))
	for _, l := range []look{desktop, desktop.inDark(), phone.inDark(), phone} {
		v.become(l)
		v.checkWidth()
		for _, violation := range v.violations() {
			v.t.Errorf("%s (%s): %s", name, l, violation)
		}
		v.keepInGallery(name + "-" + l.String())
	}
	v.become(magnified)
	v.checkWidth()
	if cut := ask[[]string](v, `[...document.querySelectorAll(".tab, .button, .code, h1, h2")].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.trim())`); len(cut) > 0 {
		v.t.Errorf("%s (%s): %q do not fit, want them to", name, magnified, cut)
	}
	v.become(before)
}

// violations returns the faults that axe-core finds, with all its rules.
func (v *visitor) violations() []string {
	v.t.Helper()
	var found []struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}
	v.do(chromedp.Evaluate(`axe.run({resultTypes: ["violations"], rules: {"target-size": {enabled: true}}}).then(r => r.violations)`, &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var violations []string
	for _, rule := range found {
		for _, node := range rule.Nodes {
			violations = append(violations, fmt.Sprintf("%s (%s): %s\n  %s", rule.ID, rule.Help, node.HTML, strings.ReplaceAll(node.FailureSummary, "\n", "\n  ")))
		}
	}
	return violations
}

func (v *visitor) keepInGallery(name string) {
	v.t.Helper()
	if *gallery == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*gallery, strings.ReplaceAll(name, " ", "-")+".png"), v.picture(0), 0o644); err != nil {
		v.t.Fatal(err)
	}
}
