package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPanicIsContained(t *testing.T) {
	t.Parallel()
	store := newSite(t)
	config := *store.Config
	config.Captcha = nil // so that checkCaptcha panics
	handler, err := config.Handler()
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, config.PublicURL+"/forgot", strings.NewReader("name_or_email=planted-secret"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	if answer.Code != http.StatusInternalServerError || !strings.Contains(answer.Body.String(), "Something went wrong") {
		t.Errorf("%d %s, want status %d, with %q", answer.Code, answer.Body, http.StatusInternalServerError, "Something went wrong")
	}
	logged := store.Log.String()
	if !strings.Contains(logged, "msg=panic") || strings.Contains(logged, "planted-secret") {
		t.Errorf("log, want with %q, without %q:\n%s", "msg=panic", "planted-secret", logged)
	}
	store.Log.Reset() // so that the end of the test does not report this panic
}
