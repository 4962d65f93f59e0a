package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-media/latchkey/internal/faulttest"
	"github.com/latchkey-media/latchkey/models/modelstest"
)

// TestFaultReadOnly makes the database read-only for a while, as a failover does (F-05). Requests
// that need no write go on working, all other requests are refused in time, and nothing that was
// acknowledged is lost. The setting holds for the whole server, but not for administrators, and all
// other tests work as administrators.
func TestFaultReadOnly(t *testing.T) { //nolint:paralleltest // see above
	address := modelstest.AtNode(t, modelstest.MySQL(t), 0)
	release := modelstest.OnlyUser(t, address, "read_only")
	defer release()
	admin := look(t, address)
	run := func(statement string) {
		if _, err := admin.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	guest := mustParse(t, address)
	name := "fault" + guest.Path[strings.LastIndexByte(guest.Path, '_'):]
	for _, host := range []string{"'%'", "localhost"} {
		run("CREATE OR REPLACE USER " + name + "@" + host + " IDENTIFIED BY 'a guest'")
		run("GRANT ALL ON " + guest.Path[1:] + ".* TO " + name + "@" + host)
		defer run("DROP USER " + name + "@" + host)
	}
	guest.User = url.UserPassword(name, "a guest")

	p := serve(t, "--database="+guest.String())
	crew := newCrew(t, p)
	crew.work(t, p, 4)
	crew.mustAll(t, http.StatusOK, http.StatusSeeOther)
	acknowledged := len(admin.usernames(t))
	crew.counted("")

	defer run("SET GLOBAL read_only = 0")
	run("SET GLOBAL read_only = 1")
	unready := within(t, patience, "not ready", func() bool { return p.get("/readyz") == http.StatusServiceUnavailable })
	slowest := crew.work(t, p, either(4, 20))
	crew.mustAll(t, http.StatusOK, http.StatusServiceUnavailable)
	count := crew.counted("")

	run("SET GLOBAL read_only = 0")
	ready := within(t, patience, "ready", func() bool { return p.get("/readyz") == http.StatusOK })
	newVisitor(p.address, 5000).post(t, "/signup", "/signup/sent", signUpForm("the-first"))
	if lost := acknowledged + 1 - len(admin.usernames(t)); lost > 0 {
		count.Lost, count.Survived = lost, count.Survived-lost
	}
	count.Note = fmt.Sprintf("not ready after %v, slowest page %v; ready after %v", unready.Round(time.Millisecond), slowest.Round(time.Millisecond), ready.Round(time.Millisecond))
	p.stop()
	faulttest.Report(t, "F-05", "pages while the database only reads", faulttest.Engine(address), count)
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Error(err)
		return &url.URL{}
	}
	return u
}
