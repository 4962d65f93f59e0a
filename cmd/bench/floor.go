package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/crypto/argon2"

	"github.com/latchkey-media/latchkey/internal/database"
	"github.com/latchkey-media/latchkey/internal/heap"
	"github.com/latchkey-media/latchkey/internal/secret"
)

// The floor answers the same requests as the service, with the same headers and the same JSON, in
// the cheapest way that this design allows: bare Gin, one prepared statement of database/sql that
// fetches everything for the answer, and one log line. It checks sessions as the service does. It
// has no limits, no pages, and nothing that writes.
//
// Before each measurement, the bench compares the answers of the floor with the answers of the
// service; see [run.sameAnswers].
type floor struct {
	store *floorStore
	log   *slog.Logger
	mark  string // the first half of the ids of requests
	last  atomic.Int64
}

// serveFloor carries out the command "floor": it serves until ctx ends.
func serveFloor(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	address := flags.String("database", "", "the database of the service")
	path := flags.String("log", os.DevNull, "the file for the access log")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	file, err := os.OpenFile(*path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := &buffered{w: bufio.NewWriterSize(file, 64<<10)}
	go lines.flushEverySecond(ctx)
	db, err := database.Open(*address, 2)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	f, err := newFloor(ctx, db, slog.New(slog.NewJSONHandler(lines, nil)))
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).InfoContext(ctx, "serving", slog.String("address", listener.Addr().String()))
	server := &http.Server{Handler: f.handler(), ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go heap.Manage(ctx, secret.ProductionHashing(runtime.GOMAXPROCS(0)).AtOnce()) // as the service does, so that both pay the same price for garbage
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// buffered is a file whose lines are written when there are many, and at least once a second.
type buffered struct {
	mu sync.Mutex
	w  *bufio.Writer
}

// Write keeps p until it is written.
func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.w.Write(p)
}

func (b *buffered) flushEverySecond(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			b.mu.Lock()
			_ = b.w.Flush()
			b.mu.Unlock()
		}
	}
}

func newFloor(ctx context.Context, db *database.DB, log *slog.Logger) (*floor, error) {
	store, err := newFloorStore(ctx, db.SQL)
	if err != nil {
		return nil, err
	}
	var random [8]byte
	_, err = rand.Read(random[:])
	return &floor{store: store, log: log, mark: hex.EncodeToString(random[:])}, err
}

// handler returns the routes of the floor.
func (f *floor) handler() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(f.logAccess)
	api, service := headersOf(apiHeaders()), headersOf(serviceHeaders())
	r.GET("/api/v1/account", api, f.account)
	r.GET("/api/v1/servers", api, f.apiServers)
	r.GET("/service/user", service, f.user)
	r.GET("/service/servers", service, f.serviceServers)
	r.GET("/service/pin", service, f.pin)
	r.POST("/argon2id", f.argon2id)
	r.POST("/invite", f.invite)
	r.POST("/open/:id", f.open)
	r.POST("/redeem", f.redeem)
	return r
}

// logAccess writes the same line about a request as the service does.
func (f *floor) logAccess(c *gin.Context) {
	began := time.Now()
	c.Next()
	address, _ := netip.ParseAddr(c.Request.Header.Get("X-Forwarded-For"))
	f.log.LogAttrs(c.Request.Context(), slog.LevelInfo, "request",
		slog.String("method", c.Request.Method), slog.String("route", c.FullPath()), slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(c.Writer.Size(), 0)), slog.Duration("took", time.Since(began).Round(time.Microsecond)),
		slog.String("request", f.mark+strconv.FormatInt(f.last.Add(1), 16)), slog.String("address", address.String()))
}

// headersOf returns a function that sets the headers in pairs. They are converted once and not in
// each request.
func headersOf(pairs []string) gin.HandlerFunc {
	const pair = 2
	names, values := make([]string, len(pairs)/pair), make([][]string, len(pairs)/pair)
	for i := range names {
		names[i], values[i] = http.CanonicalHeaderKey(pairs[i*pair]), []string{pairs[i*pair+1]}
	}
	return func(c *gin.Context) {
		header := c.Writer.Header()
		for i, name := range names {
			header[name] = values[i]
		}
	}
}

// apiHeaders returns the headers that every answer of the JSON API has, in pairs.
func apiHeaders() []string {
	return []string{
		"X-Content-Type-Options", "nosniff",
		"Cache-Control", "no-store",
		"Strict-Transport-Security", "max-age=31536000; includeSubDomains",
		"Access-Control-Allow-Origin", "*",
		"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
		"Access-Control-Allow-Headers", "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-None-Match",
		"Access-Control-Expose-Headers", "ETag, Retry-After, WWW-Authenticate, X-Request-Id",
		"Access-Control-Max-Age", "600",
		"Vary", "Origin",
		"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
		"Cross-Origin-Resource-Policy", "cross-origin",
	}
}

// serviceHeaders returns the headers that every answer below /service has, in pairs.
func serviceHeaders() []string {
	return []string{
		"X-Content-Type-Options", "nosniff",
		"Cache-Control", "no-store",
		"Strict-Transport-Security", "max-age=31536000; includeSubDomains",
		"Access-Control-Allow-Origin", "*",
		"Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD",
		"Access-Control-Allow-Headers", strings.Join([]string{
			"Accept", "Authorization", "Content-Type", "X-Application", "X-Connect-UserToken", "X-Connect-Token", "If-None-Match",
			"X-Emby-Authorization", "X-Emby-Token", "X-Emby-Client", "X-Emby-Client-Version", "X-Emby-Device-Id", "X-Emby-Device-Name",
			"X-Emby-Language", "X-MediaBrowser-Token",
		}, ", "),
		"Access-Control-Expose-Headers", "ETag, Retry-After",
		"Access-Control-Allow-Private-Network", "true",
		"Access-Control-Max-Age", "600",
		"Vary", "Origin",
		"Cross-Origin-Resource-Policy", "cross-origin",
	}
}

// argon2id hashes a password once, with the cost that the service has in production, and does
// nothing else. Each hash takes 19 MiB. So the floor includes the work to clear that memory, and
// the work of the garbage collector, which runs as seldom as in the service.
func (*floor) argon2id(c *gin.Context) {
	const iterations, memory, threads, length = 2, 19 * 1024, 1, 32
	argon2.IDKey([]byte(benchPassword), []byte("sixteen bytes of"), iterations, memory, threads, length)
	c.Status(http.StatusCreated)
}
