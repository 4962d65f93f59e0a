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

// staticFile is a file that browsers fetch.
type staticFile struct {
	content []byte
	kind    string // the content type
	tag     string // the entity tag, which changes with the content
}

// readStatic reads all static files. They are few, and do not change while the
// program runs.
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

// contentType returns the content type for the name of a file. The common types
// are listed here, because the table of the machine may lack them.
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

// favicon answers GET /favicon.ico, which browsers fetch by themselves.
func (s *site) favicon(c *gin.Context) error { return s.serveStatic(c, "favicon.svg") }

func (s *site) serveStatic(c *gin.Context, name string) error {
	file, ok := s.files[name]
	if !ok {
		return models.ErrNotFound
	}
	h := c.Writer.Header()
	h.Set("Content-Type", file.kind)
	h.Set("ETag", file.tag)
	// A worker obeys the policy of its own file, not the policy of the page.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-ancestors 'none'")
	if s.Dev {
		h.Set("Cache-Control", "no-cache")
	} else {
		h.Set("Cache-Control", "public, max-age=300")
	}
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(file.content))
	return nil
}
