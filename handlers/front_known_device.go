package handlers

import (
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	maxMarks = 4 // accounts that one browser may be known to
	markLife = 365 * 24 * time.Hour
)

// deviceMarks returns the marks of the accounts that signed in in this browser
// before.
func (s *site) deviceMarks(c *gin.Context) []string {
	marks := strings.Split(s.cookie(c, cookieDevice), "~")
	return slices.DeleteFunc(marks[:min(len(marks), maxMarks)], func(mark string) bool { return mark == "" })
}

// keepDeviceMark puts mark in front of the other marks that the browser keeps.
func (s *site) keepDeviceMark(c *gin.Context, mark string) {
	if mark == "" {
		return
	}
	marks := slices.DeleteFunc(s.deviceMarks(c), func(known string) bool { return known == mark })
	marks = append([]string{mark}, marks...)
	s.setCookie(c, cookieDevice, strings.Join(marks[:min(len(marks), maxMarks)], "~"), markLife)
}
