package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/latchkey-media/latchkey/agent/connect"
	"github.com/latchkey-media/latchkey/agent/wire"
	"github.com/latchkey-media/latchkey/config"
	"github.com/latchkey-media/latchkey/internal/embywire"
)

type agentBuiltin struct {
	AgentURL string `name:"agent-url" placeholder:"http://127.0.0.1:8471" help:"Address at which 'latchkey agent' listens. Requests for the Connect paths are passed on to it, as a reverse proxy in front of Jellyfin does. Without it there is only local sign-in."`
}

// Help returns the longer text in the help of the command.
func (agentBuiltin) Help() string {
	return `It shares the data folder with the agent, and listens where apps expect a media server. They are two programs, so that
each can be stopped, replaced or kept off the network without the other:

  latchkey agent builtin --data-dir=DIR --listen=:8096 --agent-url=http://127.0.0.1:8471
  latchkey agent         --data-dir=DIR --listen=127.0.0.1:8471 --media-server=builtin --media-server-url=http://127.0.0.1:8096

Most people do not need it: 'latchkey agent' with media-server=builtin and no media-server-url serves both.`
}

// Run serves the builtin media server without the agent.
func (c agentBuiltin) Run(p *agentProgram) error {
	p.settings.MediaServer = config.MediaServerBuiltin
	if err := p.checked("service", "media-server-url", "api-key", "catalogue"); err != nil {
		return err
	}
	log := p.logger()
	p.warn(log)
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", p.settings.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	port := 0
	if address, ok := listener.Addr().(*net.TCPAddr); ok {
		port = address.Port
	}
	opened, err := p.open(log, func() string { return p.reachedAt(p.ctx, port) })
	if err != nil {
		return err
	}
	defer func() { _ = opened.close() }()
	// handler answers the requests to the media server, and passes requests for Connect paths on to
	// the agent.
	handler, err := c.handler(p, opened)
	if err != nil {
		return err
	}
	server := newLocalServer(handler, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.InfoContext(p.ctx, "serving", slog.String("address", listener.Addr().String()),
		slog.String("agent", c.AgentURL), slog.String("version", version))
	select {
	case err = <-failed:
	case <-p.ctx.Done():
		log.InfoContext(p.ctx, "stopping")
		err = shutDown(p.ctx, server)
	}
	log.InfoContext(context.WithoutCancel(p.ctx), "stopped")
	return err
}

// handler returns a handler that answers the requests to the media server, and passes requests for
// Connect paths on to the agent.
func (c agentBuiltin) handler(p *agentProgram, opened *parts) (http.Handler, error) {
	kit := wire.NewKit(wire.Options{TrustedProxies: p.settings.TrustedPrefixes(), Log: opened.log})
	var routes embywire.Routes
	engines, err := opened.engines(nil, 0)
	if err != nil {
		return nil, err
	}
	opened.builtin.Routes(kit, &routes, connections(engines))
	p.below(&routes)
	always := func() bool { return true }
	if c.AgentURL == "" {
		return withHealth(kit.Handler(&routes), always), nil
	}
	target, err := url.Parse(c.AgentURL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" || target.User != nil || target.RawQuery != "" {
		return nil, errors.New("agent-url: use an address such as http://127.0.0.1:8471")
	}
	var handedOn embywire.Routes // has the Connect paths, only to recognise them
	connect.Routes(kit, &handedOn, nil)
	p.below(&handedOn)
	return withHealth(handOn(&handedOn, agentProxy(target, opened.log), kit.Handler(&routes)), always), nil
}

// handOn returns a handler that passes each request on: to the first handler if its path is one of
// routes, and to the second handler if it is not.
func handOn(routes *embywire.Routes, to, otherwise http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, allowed, ok := routes.Find(r); ok || len(allowed) > 0 {
			to.ServeHTTP(w, r)
			return
		}
		otherwise.ServeHTTP(w, r)
	})
}

// agentProxy returns a handler that passes requests on to the agent and tells it the caller's
// address.
func agentProxy(target *url.URL, log *slog.Logger) http.Handler {
	var away atomic.Bool
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // the agent uses it only if it comes from a trusted proxy
			r.SetXForwarded()
		},
		ModifyResponse: func(response *http.Response) error {
			if away.CompareAndSwap(true, false) {
				log.InfoContext(response.Request.Context(), "the agent answers again")
			}
			return nil
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil && away.CompareAndSwap(false, true) {
				log.WarnContext(r.Context(), "the agent does not answer: check that it runs and that agent-url is its address", slog.Any("err", err))
			}
			embywire.AllowAll(w.Header(), embywire.LocalHeaders)
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "The agent of this server does not answer. Try again in a moment.")
		},
	}
}
