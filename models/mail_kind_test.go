package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-media/latchkey/models"
)

// A mail is made by a function of mail_kind.go, whose parameters are all facts of the mail.
// A composite literal elsewhere could leave a fact out.
func TestMailsAreMadeInOnePlace(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if made, ok := literal.Type.(*ast.Ident); ok && made.Name == "owed" {
				found++
				if name != "mail_kind.go" {
					t.Errorf("%s makes a mail itself, want a call of a function in mail_kind.go", name)
				}
			}
			return true
		})
	}
	if found < 15 {
		t.Errorf("found %d mails that are made, want at least 15: the search has gone blind", found)
	}
}

// Released versions wrote facts in this form. After an update, the mails of these versions
// must still be sent with all their facts.
func TestMailsOfAnEarlierVersion(t *testing.T) {
	each(t, func(k *kit) {
		ctx, a := k.t.Context(), k.account()
		k.letters() // sends the mails of the sign-up
		k.must(k.PINs.Set(ctx, a.ID, "", "7k2p9x", home))
		k.exec("UPDATE outbox SET facts = ? WHERE account_id = ?", `{"address":"192.0.2.7","at":"2026-03-04T15:06:00Z",`+
			`"device":"Firefox on Linux","display_name":"Ada","email":"a@example.org","note":"Come in","person":"bert",`+
			`"server":"Den","username":"ada","what":"set"}`, a.ID)
		letter := k.letter(models.MailPINChanged, a.Email)
		want := models.MailFacts{
			Username: a.Username, DisplayName: a.DisplayName, Email: "a@example.org", Address: "192.0.2.7", Device: "Firefox on Linux",
			At: time.Date(2026, time.March, 4, 15, 6, 0, 0, time.UTC), What: "set", Server: "Den", Person: "bert", Note: "Come in",
		}
		if diff := cmp.Diff(want, letter.Facts); diff != "" {
			k.t.Errorf("facts (-want +got):\n%s", diff)
		}
		k.must(k.Recovery.Request(ctx, "nobody", home, false))
		k.exec("UPDATE outbox SET facts = ?", `{"name_or_email":"`+a.Username+`"}`)
		k.letter(models.MailPasswordReset, a.Email)
	})
}
