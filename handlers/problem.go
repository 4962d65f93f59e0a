package handlers

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"
)

// problem is the body of an error that a program reads (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

func writeProblem(c *gin.Context, f failure) {
	body, err := json.Marshal(problem{Type: "about:blank", Title: http.StatusText(f.status), Status: f.status, Code: f.code})
	if err != nil {
		body = nil // never: three strings and a number
	}
	c.Data(f.status, "application/problem+json", body)
}
