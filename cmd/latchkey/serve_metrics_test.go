package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestServeMetrics starts the service with a port for Prometheus, and one without.
func TestServeMetrics(t *testing.T) {
	t.Parallel()
	p := serve(t, "--metrics-listen=:0")
	address, _ := p.waitLog("metrics")["address"].(string)
	if !strings.HasPrefix(address, "127.0.0.1:") {
		t.Fatalf("the numbers are at %q, want an address of this machine alone", address)
	}
	if status := p.get("/signin"); status != http.StatusOK {
		t.Fatalf("GET /signin answers %d, want 200", status)
	}
	text := numbers(t, address)
	for _, want := range []string{
		`latchkey_build_info{version="` + version + `"} 1`, `latchkey_requests_total{method="GET",route="/signin",status="2xx"} 1`,
		"latchkey_database_up 1", `latchkey_mails{state="queued"} 0`, `latchkey_agents{state="connected"} 0`, "latchkey_hashes_running 0",
		"latchkey_feed_waiters 0", "go_goroutines ",
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("the numbers have no line %q", want)
		}
	}
	if status := p.get("/metrics"); status != http.StatusNotFound {
		t.Errorf("GET /metrics at the public port answers %d, want 404", status)
	}
	p.stop()

	quiet := serve(t)
	for _, entry := range quiet.log() {
		if entry["msg"] == "metrics" {
			t.Errorf("the service tells numbers without being asked to: %v", entry)
		}
	}
	quiet.stop()
}

// TestServeMetricsOnATakenPort checks that the service says which setting is wrong.
func TestServeMetricsOnATakenPort(t *testing.T) {
	t.Parallel()
	p := serve(t)
	newShell(t, "--dev", "--listen=127.0.0.1:0", "--metrics-listen="+p.address).refused(t, "metrics-listen: ", "serve")
}

// TestCaptchasAreCounted sends a form with a wrong answer to the captcha, and checks that the
// outcome is counted.
func TestCaptchasAreCounted(t *testing.T) {
	t.Parallel()
	p := serve(t, "--captcha=pow", "--metrics-listen=127.0.0.1:0")
	address, _ := p.waitLog("metrics")["address"].(string)
	form := signUpForm("somebody")
	form.Set("altcha", "nonsense")
	response, err := (&http.Client{}).PostForm("http://"+p.address+"/signup", form)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if text := numbers(t, address); !strings.Contains(text, `latchkey_captcha_total{outcome="refused"} 1`) {
		t.Errorf("a wrong answer to a captcha is not counted:\n%s", text)
	}
	p.stop()
}

// numbers returns what Prometheus reads at an address.
func numbers(t *testing.T, address string) string {
	t.Helper()
	response, err := (&http.Client{}).Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET /metrics answers %d, %v; want 200", response.StatusCode, err)
	}
	return string(text)
}
