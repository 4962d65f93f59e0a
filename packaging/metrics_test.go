package packaging_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/latchkey-media/latchkey/internal/metrics"
)

// promtool finds the program that checks rules.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed, so nothing checks the syntax of the rules: Debian has it in the package prometheus, which brings a whole server along")
	}
	return path
}

// namesOfMetrics returns the names of all numbers that the service tells, with those that Prometheus makes of a histogram.
func namesOfMetrics(t *testing.T) map[string]bool {
	t.Helper()
	m := metrics.New(metrics.Sources{
		Version: "test", Now: time.Now, Load: func() metrics.Load { return metrics.Load{} },
		Counts: func(context.Context) (metrics.Counts, error) { return metrics.Counts{}, nil },
	})
	m.Served("GET", "/", http.StatusOK, 0)
	answer := httptest.NewRecorder()
	m.NewServer(slog.New(slog.DiscardHandler)).Handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	text, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"up": true} // which Prometheus adds to each target
	for _, found := range regexp.MustCompile(`(?m)^([a-z_]+)(\{| )`).FindAllStringSubmatch(string(text), -1) {
		names[found[1]] = true
	}
	if len(names) < 30 || !names["latchkey_request_duration_seconds_bucket"] {
		t.Fatalf("found %d names, want 30 or more: %v", len(names), names)
	}
	return names
}

// expressions returns all texts that stand under the key expr in a document.
func expressions(document any) (all []string) {
	switch value := document.(type) {
	case map[string]any:
		for key, below := range value {
			if text, ok := below.(string); ok && key == "expr" {
				all = append(all, text)
			}
			all = append(all, expressions(below)...)
		}
	case []any:
		for _, below := range value {
			all = append(all, expressions(below)...)
		}
	}
	return all
}

// used returns the names of metrics in an expression of Prometheus.
func used(expression string) []string {
	bare := regexp.MustCompile(`\{[^}]*\}|\[[^\]]*\]|(by|without|ignoring|on) *\([^)]*\)`).ReplaceAllString(expression, " ")
	var names []string
	for _, found := range regexp.MustCompile(`\b([a-z][a-z0-9_]*)\b *(\(?)`).FindAllStringSubmatch(bare, -1) {
		if word := found[1]; found[2] == "" && word != "and" && word != "or" && word != "unless" && word != "by" && word != "ignoring" {
			names = append(names, word)
		}
	}
	return names
}

// TestMetricsExist checks that alerts and the dashboard use numbers that the service tells, and that the dashboard shows
// each number of Latchkey.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	known := namesOfMetrics(t)
	var rules, dashboard any
	if err := yaml.Unmarshal([]byte(read(t, "prometheus-rules.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(read(t, "grafana-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for file, document := range map[string]any{"prometheus-rules.yaml": rules, "grafana-dashboard.json": dashboard} {
		all := expressions(document)
		if len(all) < 10 {
			t.Fatalf("%s has %d expressions, want 10 or more", file, len(all))
		}
		for _, expression := range all {
			names := used(expression)
			if len(names) == 0 {
				t.Errorf("%s: no number was found in %s", file, expression)
			}
			for _, name := range names {
				if !known[name] {
					t.Errorf("%s: the service tells no number %s, which is used in %s", file, name, expression)
				}
				if file == "grafana-dashboard.json" {
					shown[name] = true
				}
			}
		}
	}
	for name := range known {
		histogram := strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
		if strings.HasPrefix(name, "latchkey_") && !histogram && !shown[name] {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// TestDashboardHasRoom checks that no two panels of the dashboard overlap, and that each panel has its own id.
func TestDashboardHasRoom(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			GridPos struct {
				H int `json:"h"`
				W int `json:"w"`
				X int `json:"x"`
				Y int `json:"y"`
			} `json:"gridPos"`
		} `json:"panels"`
	}
	if err := json.Unmarshal([]byte(read(t, "grafana-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || panel.Title == "" {
			t.Errorf("the panel %q has the id %d of another one, or no title", panel.Title, panel.ID)
		}
		ids[panel.ID] = true
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				place := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				if other, is := taken[place]; is {
					t.Fatalf("the panels %q and %q lie on one another", panel.Title, other)
				}
				taken[place] = panel.Title
			}
		}
	}
}

// TestRules lets Prometheus's own program check the alerts.
func TestRules(t *testing.T) {
	t.Parallel()
	run(t, promtool(t), "check", "rules", "prometheus-rules.yaml")
}
