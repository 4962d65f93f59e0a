package wire

import (
	"net/http"
	"time"
)

// NewHTTPServer returns a server for handler with limits: a request must arrive
// within a minute, its headers within ten seconds and in 32 KiB.
func NewHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}
