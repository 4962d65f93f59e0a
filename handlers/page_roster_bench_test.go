package handlers_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/latchkey-media/latchkey/client"
	"github.com/latchkey-media/latchkey/servicetest"
)

// BenchmarkServerPages measures the pages of an owner whose server has a number of local users.
func BenchmarkServerPages(b *testing.B) {
	for _, n := range []int{10, 1000} {
		f, report := newFront(b), servicetest.Den()
		report.LocalUsers = nil
		for i := range n {
			report.LocalUsers = append(report.LocalUsers, client.ReportedLocalUser{ID: fmt.Sprint("u", i), Name: fmt.Sprintf("User %04d", i)})
		}
		servicetest.Must(f.den.Agent.Report(b.Context(), report))(b)
		page := "/servers/" + string(f.den.ID)
		for _, part := range []string{"", "/people", "/people?status=free", "/people?name=0009", "/settings"} {
			request := f.request(b, http.MethodGet, page+part, "Cookie", "latchkey-session="+f.session)
			b.Run(fmt.Sprintf("%d%s", n, part), func(b *testing.B) {
				for b.Loop() {
					f.serve(request)
				}
			})
		}
	}
}
