package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/latchkey-media/latchkey/handlers"
	"github.com/latchkey-media/latchkey/models"
)

// setupFile is the name of the file with the code of the set-up, in the data folder.
const setupFile = "setup-code"

// desk returns how operators change settings on the pages of a service.
func (f *front) desk() *handlers.Desk {
	return &handlers.Desk{
		InForce: func(values map[string]string) []handlers.Setting {
			_, loaded := f.p.loaded.WithConsole(values)
			var all []handlers.Setting
			for _, one := range loaded.InForce() {
				all = append(all, handlers.Setting(one))
			}
			return all
		},
		Check: func(values map[string]string) map[string]string {
			_, loaded := f.p.loaded.WithConsole(values)
			return loaded.Problems()
		},
		Reload: func(ctx context.Context) error { return f.reload(context.WithoutCancel(ctx)) },
		TryMail: func(ctx context.Context, values map[string]string, letter models.Letter) error {
			return f.p.tryMail(ctx, f.catalogue, values, letter)
		},
	}
}

// tellSetup gives the person who starts the service the code of the set-up, if one is open: on the terminal or, without a
// terminal, in a file that its owner alone can read. The code is never in the log. Without a set-up it removes the file.
func (f *front) tellSetup(ctx context.Context, s *service) {
	file := filepath.Join(f.p.settings.DataDir, setupFile)
	if !s.setUp {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			f.log.WarnContext(ctx, "the file with the code of the set-up cannot be removed; the code no longer works", slog.Any("err", err))
		}
		return
	}
	code, pass, err := s.store.Setups.Code(ctx)
	if err != nil || code == f.told {
		return
	}
	f.told = code
	text := setupText(s.public, f.address, code, pass)
	if isTerminal(f.p.errors) {
		_, _ = io.WriteString(f.p.errors, "\n"+text+"\n")
		return
	}
	if err := writeAlone(file, text); err != nil {
		f.log.WarnContext(ctx, "the code of the set-up cannot be written into the data folder; 'latchkey setup code' prints it", slog.Any("err", err))
		return
	}
	f.log.InfoContext(ctx, "nobody has set the service up yet: the page /welcome asks for a code, which 'latchkey setup code' prints",
		slog.String("file", file))
}

// setupText says how to set the service up. The parameter address is the one at which the program listens.
func setupText(public, address, code, pass string) string {
	return fmt.Sprintf("Set Latchkey up in a browser:\n  %s/welcome?token=%s\nIf the browser runs on another machine, open /welcome at the address of this machine, and type the code:\n  %s\n",
		publicOr(public, address), pass, code)
}

// publicOr returns the public address, or the address at which a browser on this machine reaches the program if there is none.
func publicOr(public, address string) string {
	if public != "" {
		return public
	}
	host, port, err := net.SplitHostPort(address)
	if ip, failed := netip.ParseAddr(host); err == nil && (host == "" || failed == nil && ip.IsUnspecified()) {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + address
}

// isTerminal reports whether somebody reads what is written to w on a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || file.Name() == os.DevNull {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// writeAlone writes a file that its owner alone can read. The file is whole or is not there.
func writeAlone(path, text string) error {
	next, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = io.WriteString(next, text)
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(next.Name()))
	}
	return err
}

// setupCommands begin the first run.
type setupCommands struct {
	Ask  setupAsk  `cmd:"" default:"1" help:"Ask here what the page /welcome asks. 'latchkey setup' does the same."`
	Code setupCode `cmd:"" help:"Print the code and the link with which the service is set up in a browser."`
}

type setupCode struct{}

// Run prints the code of the set-up. It begins a set-up if one is needed, so it works before the service runs, too.
func (setupCode) Run(p *program) error {
	p.makesKey = true
	fileLacks := len(p.loaded.Missing()) > 0
	return p.withStore(func(store *models.Store) error {
		open, err := store.Setups.Begin(p.ctx, fileLacks, len(p.loaded.Missing()) > 0)
		if err != nil {
			return explain(err)
		}
		if !open {
			return errSetUp
		}
		code, pass, err := store.Setups.Code(p.ctx)
		if err != nil {
			return explain(err)
		}
		public := p.settings.PublicURL
		if fileLacks { // until the end of the set-up the service answers here alone
			public = ""
		}
		_, err = io.WriteString(p.output, setupText(public, p.settings.Listen, code, pass))
		return err
	})
}
