package handlers_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/handlers"
)

func TestDevMail(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := newSite(t, func(s *handlers.Server) { s.Dev, s.MailFolder = true, folder })
	b := s.browser(t)
	b.see(b.get("/dev/mail"), http.StatusOK, "No mail yet")
	mail := "To: ann@example.org\r\nSubject: =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nOpen https://id.example.org/confirm?token=3Dab=\r\nc now\r\n--b\r\n" +
		"Content-Type: text/html\r\n\r\n<b>no</b>\r\n--b--\r\n"
	for name, content := range map[string]string{"1.eml": mail, "2.eml": "broken", "3.txt": mail} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := b.get("/dev/mail")
	b.see(a, http.StatusOK, "Grüße", "ann@example.org", `href="https://id.example.org/confirm?token=abc"`)
	if strings.Count(a.body, "<article") != 1 || strings.Contains(a.body, "<b>no</b>") {
		t.Errorf("got %s, want one mail with its markup escaped", summary(a.body))
	}
}
