package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/latchkey-media/latchkey/client"
)

// A television signs in by a code and asks for its servers.
func Example() {
	ctx := context.Background()
	api, err := client.New("https://id.example.org", client.WithUserAgent("Den TV/1.4"))
	if err != nil {
		log.Fatal(err)
	}
	code, err := api.Devices.Begin(ctx, client.DeviceAsk{Client: "Den TV", DeviceName: "Living room", DeviceID: "tv-1"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Open", code.Page, "and type", code.UserCode)
	signedIn, err := code.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	list, err := api.As(signedIn.Token).Servers.List(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, server := range list.Servers {
		fmt.Println(server.Name, server.Addresses)
	}
}

// A long list is read page by page, only as far as it is needed.
func ExampleAccounts_History() {
	api, err := client.New("https://id.example.org", client.WithToken("lks_…"))
	if err != nil {
		log.Fatal(err)
	}
	for event, err := range api.Accounts.History(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.At, event.Kind)
	}
}

// A refusal of the service has a code.
func ExampleError() {
	err := fmt.Errorf("sign up: %w", &client.Error{
		Status: 409, Code: "invalid", Fields: []client.FieldError{{Field: "username", Code: "username_taken"}},
	})
	fmt.Println(errors.Is(err, client.ErrInvalid), client.CodeOf(err))
	if e, ok := errors.AsType[*client.Error](err); ok {
		wrong, _ := e.Field("username")
		fmt.Println(wrong.Code)
	}
	// Output:
	// true invalid
	// username_taken
}

// An agent carries out what changed, and never concludes anything from an error.
func ExampleAgent_Changes() {
	ctx := context.Background()
	api, err := client.New("https://id.example.org", client.WithToken("lkv_…"))
	if err != nil {
		log.Fatal(err)
	}
	var done int64 // kept by the agent
	for ctx.Err() == nil {
		list, err := api.Agent.Changes(ctx, done, 25*time.Second)
		if err != nil {
			log.Print(err)
			return // a real agent waits here, and then asks again
		}
		for _, change := range list.Changes {
			fmt.Println("carry out", change.Kind, change.LinkID)
			done = change.Seq
		}
		if len(list.Changes) == 0 {
			continue // nothing happened in that time
		}
		if err := api.Agent.Acknowledge(ctx, done, nil); err != nil {
			log.Print(err)
		}
	}
}
