package bench_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-media/latchkey/internal/bench"
)

func TestStartKeepsAProcessOnItsCore(t *testing.T) {
	t.Parallel()
	cores, err := bench.Cores()
	if err != nil || len(cores) == 0 {
		t.Fatalf("got the cores %v and %v, want at least one", cores, err)
	}
	last := cores[len(cores)-1]
	var said strings.Builder
	command := exec.Command("grep", "Cpus_allowed_list", "/proc/self/status")
	command.Stdout = &said
	if err := bench.Start(command, last); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(said.String()); len(got) != 2 || got[1] != strconv.Itoa(last) {
		t.Errorf("got %q, want the core %d alone", said.String(), last)
	}
	after, err := bench.Cores()
	if err != nil || len(after) != len(cores) {
		t.Errorf("this process has the cores %v after that (%v), want %v as before", after, err, cores)
	}
}

func TestWhatAProcessUses(t *testing.T) {
	t.Parallel()
	if got := bench.CPU(os.Getpid()); got <= 0 {
		t.Errorf("got %v of CPU for this process, want more than nothing", got)
	}
	memory, err := bench.MemoryOf(os.Getpid())
	if err != nil || memory.Anonymous <= 0 || memory.Resident < memory.Anonymous {
		t.Errorf("got %+v and %v, want anonymous memory, and resident memory that includes it", memory, err)
	}
	if got := bench.CPU(1 << 30); got != 0 {
		t.Errorf("got %v of CPU for a process that does not exist, want 0", got)
	}
}
