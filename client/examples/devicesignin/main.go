// Devicesignin signs a device in by a code, as a television would, and prints
// the servers that the person may use, with their addresses:
//
//	go run ./client/examples/devicesignin https://id.example.org
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/latchkey-media/latchkey/client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run signs in at the service that args name. The test of this example uses options.
func run(ctx context.Context, args []string, stdout io.Writer, options ...client.Option) error {
	if len(args) != 1 {
		return errors.New("usage: devicesignin ADDRESS-OF-THE-SERVICE")
	}
	api, err := client.New(args[0], append(options, client.WithUserAgent("devicesignin/1"))...)
	if err != nil {
		return err
	}
	// A real device makes up its id once and keeps it.
	code, err := api.Devices.Begin(ctx, client.DeviceAsk{Client: "Example", DeviceName: "Terminal", DeviceID: "example-terminal"})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "Open %s on your phone and type %s\n", code.Page, code.UserCode)
	signedIn, err := code.Wait(ctx)
	switch {
	case errors.Is(err, client.ErrAccessDenied):
		return errors.New("you said no")
	case errors.Is(err, client.ErrDeviceCodeExpired):
		return errors.New("nobody came; try again")
	case err != nil:
		return err
	}
	// A real device stores the token and uses it again after a restart.
	list, err := api.As(signedIn.Token).Servers.List(ctx)
	if err != nil {
		return err
	}
	show(stdout, signedIn.Account, list)
	return nil
}

// show prints the account and the servers without the access keys, because these are secrets.
func show(stdout io.Writer, account client.Account, list client.ServerList) {
	_, _ = fmt.Fprintf(stdout, "%s may use %d servers.\n", account.Username, len(list.Servers))
	for _, server := range list.Servers {
		_, _ = fmt.Fprintln(stdout, server.Name)
		for _, address := range server.Addresses {
			_, _ = fmt.Fprintf(stdout, "  %-6s %s\n", address.Kind, address.URL)
		}
	}
}
