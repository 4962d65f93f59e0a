package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/models"
	"github.com/latchkey-media/latchkey/servicetest"
)

// TestHotRouteAllocations limits how often a request takes memory, for the requests that every
// television, agent or media server sends all the time. Their statements on SQLite count, too. The
// bounds are a tenth higher than the measured numbers, because the race detector adds some
// allocations. A large part is the work of modernc.org/sqlite and database/sql, so another version
// of the driver may need other bounds. The number of runs is smaller than the number of polls that
// a device may make in a minute.
func TestHotRouteAllocations(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	f := newFront(t)
	for name, row := range f.hotRoutes(t) {
		send := func() {
			if row.body != nil {
				row.request.Body = io.NopCloser(bytes.NewReader(row.body))
			}
			answer := httptest.NewRecorder()
			if f.ServeHTTP(answer, row.request); answer.Code != row.want {
				t.Errorf("%s: got status %d, want %d", name, answer.Code, row.want)
			}
		}
		if got := testing.AllocsPerRun(50, send); got > row.most {
			t.Errorf("%s: %.0f allocations a request, want at most %.0f", name, got, row.most)
		}
	}
}

// hotRoute is a request with its status, and the largest number of allocations that it may
// make.
type hotRoute struct {
	request *http.Request
	body    []byte
	want    int
	most    float64
}

func (f *front) hotRoutes(t *testing.T) map[string]hotRoute {
	t.Helper()
	token, wire := []string{"Authorization", "Bearer " + f.token}, []string{"X-Connect-UserToken", f.token}
	server := []string{"Authorization", "Bearer " + f.den.Key}
	get := func(most float64, path string, header ...string) hotRoute {
		return hotRoute{request: f.request(t, http.MethodGet, path, header...), want: http.StatusOK, most: most}
	}
	again := func(most float64, path string, header ...string) hotRoute {
		tag := f.answer(t, f.request(t, http.MethodGet, path, header...)).Header.Get("ETag")
		row := get(most, path, append(header, "If-None-Match", tag)...)
		row.want = http.StatusNotModified
		return row
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	asked := f.request(t, http.MethodPost, "/service/pin", form...)
	asked.Body = io.NopCloser(strings.NewReader("deviceId=tv"))
	var tv struct {
		Pin string `json:"Pin"`
	}
	servicetest.NoError(t, json.Unmarshal(servicetest.Must(io.ReadAll(f.answer(t, asked).Body))(t), &tv))
	report := hotRoute{
		request: f.request(t, http.MethodPut, "/api/v1/server/report", append(server, "Content-Type", "application/json")...),
		body:    servicetest.Must(json.Marshal(servicetest.Den()))(t), want: http.StatusOK, most: 450,
	}
	heartbeat := hotRoute{
		request: f.request(t, http.MethodPost, "/service/Servers", append(form, "X-Connect-Token", f.emby.Key)...),
		body:    []byte(url.Values{"id": {models.FormatID(f.emby.Server.ID)}, "name": {"Server 3"}, "systemId": {fmt.Sprintf("%032x", 3)}, "url": {"https://media.example.org"}}.Encode()),
		want:    http.StatusOK, most: 300,
	}
	first := f.request(t, http.MethodPost, "/service/Servers", append(form, "X-Connect-Token", f.emby.Key)...)
	// The first heartbeat changes the version of the server. The heartbeats that are measured change nothing.
	first.Body = io.NopCloser(bytes.NewReader(heartbeat.body))
	f.answer(t, first)
	exchange := hotRoute{
		request: f.request(t, http.MethodPost, "/api/v1/server/exchanges", "Authorization", "Bearer "+f.emby.Key, "Content-Type", "application/json"),
		body:    servicetest.Must(json.Marshal(map[string]string{"access_key": f.key, "account_id": f.account}))(t), want: http.StatusOK, most: 288,
	}
	return map[string]hotRoute{
		"account":           get(136, "/api/v1/account", token...),
		"user":              get(116, "/service/user", wire...),
		"servers":           get(272, "/service/servers", wire...),
		"servers, API":      get(269, "/api/v1/servers", token...),
		"same servers":      again(102, "/service/servers", wire...),
		"same servers, API": again(92, "/api/v1/servers", token...),
		"poll":              get(88, "/service/pin?"+url.Values{"deviceId": {"tv"}, "pin": {tv.Pin}}.Encode()),
		"feed":              get(141, "/api/v1/server/changes?after=0", server...),
		"unchanged report":  report,
		"heartbeat":         heartbeat,
		"exchange":          exchange,
		"page /":            get(50, "/"),
		"page /signin":      get(51, "/signin"),
		"page /servers":     get(1260, "/servers", "Cookie", "latchkey-session="+f.session),
	}
}

// answer answers a request that a test reads.
func (f *front) answer(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	recorder := httptest.NewRecorder()
	f.ServeHTTP(recorder, r)
	answer := recorder.Result()
	t.Cleanup(func() { servicetest.NoError(t, answer.Body.Close()) })
	return answer
}
