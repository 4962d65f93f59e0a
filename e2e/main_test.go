//go:build e2e

// Package e2e has the tests in a real browser against the real program. The program
// is built once and runs as a separate process on a free port; the tests read its mails
// from its mail folder. "make test" provides everything that they need:
//
//	LATCHKEY_TEST_CHROMIUM     the browser
//	LATCHKEY_TEST_AXE          axe.min.js
//	LATCHKEY_TEST_JELLYFIN_SDK the folder of Jellyfin's SDK for JavaScript
//	LATCHKEY_TEST_FIREFOX      a second browser
//	LATCHKEY_TEST_PUPPETEER    the folder of puppeteer-core, which drives it
//	LATCHKEY_TEST_MYSQL        a database server, or "none"
//	LATCHKEY_TEST_SCREENSHOTS  where to write the pictures for the documents; empty for none
//
// With -gallery FOLDER every page that is checked is also written as a picture.
package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/latchkey-media/latchkey/templates"
)

var gallery = flag.String("gallery", "", "folder to write a picture of every checked page into")

// All tests share these values; TestMain sets them.
var (
	program   string // the built program
	axe       string // source of axe-core
	browser   context.Context
	catalogue *templates.Catalogue
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "latchkey-e2e-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if catalogue, err = templates.NewCatalogue(); err != nil {
		return 0, err
	}
	if axe, err = readAxe(); err != nil {
		return 0, err
	}
	program = filepath.Join(folder, "latchkey")
	build := exec.Command("go", "build", "-tags", "nomsgpack", "-o", program, "../cmd/latchkey")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 0, fmt.Errorf("build the program: %w", err)
	}
	stop, err := startBrowser(filepath.Join(folder, "browser"))
	if err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

func readAxe() (string, error) {
	path := os.Getenv("LATCHKEY_TEST_AXE")
	if path == "" {
		return "", errors.New("LATCHKEY_TEST_AXE names no axe.min.js: run make test, or set it to what scripts/axe prints")
	}
	source, err := os.ReadFile(path)
	return string(source), err
}

// startBrowser starts the browser that all tests use. Each visitor gets a separate
// profile in it.
func startBrowser(profile string) (stop func(), err error) {
	path := os.Getenv("LATCHKEY_TEST_CHROMIUM")
	if path == "" {
		return nil, errors.New("LATCHKEY_TEST_CHROMIUM names no browser: run make test, or set it to the path of Chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(patience),
		chromedp.NoSandbox, chromedp.DisableGPU, // the sandbox and the GPU do not work as root in a container
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("force-device-scale-factor", "1"),
	)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	var stopBrowser context.CancelFunc
	browser, stopBrowser = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // an empty error function, because of events that chromedp does not know yet
	if err := chromedp.Run(browser); err != nil {
		stopAllocator()
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	return func() {
		_ = chromedp.Cancel(browser) // waits until the browser has ended
		stopBrowser()
		stopAllocator()
	}, nil
}
