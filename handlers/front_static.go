package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/latchkey-media/latchkey/models"
)

// staticFile is one file for browsers.
type staticFile struct {
	content []byte
	kind    string // content type
	tag     string // changes with the content
}

// readStatic reads all static files: there are few, and they never change.
func readStatic(files fs.FS) (map[string]staticFile, error) {
	all := map[string]staticFile{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		all[name] = staticFile{
			content: content,
			kind:    contentType(name),
			tag:     `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	return all, nil
}

// contentType goes by the name. The commonest are written down, since the
// machine's own table may lack them.
func contentType(name string) string {
	switch ending := path.Ext(name); ending {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	default:
		if kind := mime.TypeByExtension(ending); kind != "" {
			return kind
		}
		return "application/octet-stream"
	}
}

// static answers GET /static/….
func (s *site) static(c *gin.Context) error {
	return s.serveStatic(c, strings.TrimPrefix(c.Param("file"), "/"))
}

// favicon answers GET /favicon.ico, which browsers ask for unbidden.
func (s *site) favicon(c *gin.Context) error { return s.serveStatic(c, "favicon.svg") }

func (s *site) serveStatic(c *gin.Context, name string) error {
	file, ok := s.files[name]
	if !ok {
		return models.ErrNotFound
	}
	h := c.Writer.Header()
	h.Set("Content-Type", file.kind)
	h.Set("ETag", file.tag)
	// A worker goes by the policy of its own file.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-ancestors 'none'")
	if s.Dev {
		h.Set("Cache-Control", "no-cache")
	} else {
		h.Set("Cache-Control", "public, max-age=300")
	}
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(file.content))
	return nil
}
