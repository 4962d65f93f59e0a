package packaging_test

import (
	"errors"
	"io"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// variables returns the names of the settings in the environment, with those that name a file.
func variables(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, name := range regexp.MustCompile("`(LATCHKEY_[A-Z0-9_]*[A-Z0-9])`").FindAllStringSubmatch(read(t, "../docs/configuration.md"), -1) {
		names[name[1]], names[name[1]+"_FILE"] = true, true
	}
	if len(names) < 80 {
		t.Fatalf("docs/configuration.md has %d names of settings, want 80 or more", len(names))
	}
	return names
}

// documents reads all documents of a YAML file.
func documents(t *testing.T, file string) (all []map[string]any) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, file)))
	for {
		var one map[string]any
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, one)
	}
}

// at returns the value below keys in a document, or nil.
func at(document any, keys ...string) any {
	for _, key := range keys {
		below, _ := document.(map[string]any)
		document = below[key]
	}
	return document
}

// TestSettingsExist checks that each setting that a file names in the form of the environment exists.
func TestSettingsExist(t *testing.T) {
	t.Parallel()
	known, found := variables(t), 0
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".go") || entry.Name() == "latchkeyctl" {
			return err
		}
		for _, name := range regexp.MustCompile(`LATCHKEY_[A-Z_]*[A-Z]`).FindAllString(read(t, path), -1) {
			found++
			if !known[name] {
				t.Errorf("%s names %s, which is no setting", path, name)
			}
		}
		return nil
	})
	if err != nil || found < 30 {
		t.Errorf("%d names were checked, %v; want 30 or more", found, err)
	}
}

// TestCompose checks the compose files: each of our containers is as restricted as the unit, and everything that a service
// names exists.
func TestCompose(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("compose/*.yaml")
	if err != nil || len(files) != 4 {
		t.Fatalf("found %v, %v; want 4 files", files, err)
	}
	for _, file := range files {
		document := documents(t, file)[0]
		services, _ := document["services"].(map[string]any)
		ours := 0
		for name, service := range services {
			if image, _ := at(service, "image").(string); strings.HasPrefix(image, "latchkey:") {
				ours++
				if at(service, "read_only") != true || len(list(at(service, "cap_drop"))) != 1 || len(list(at(service, "security_opt"))) != 1 {
					t.Errorf("%s: %s has more rights than it needs", file, name)
				}
			}
			for _, secret := range list(at(service, "secrets")) {
				if text, _ := secret.(string); at(document, "secrets", text) == nil {
					t.Errorf("%s: %s uses the secret %v, which is not there", file, name, secret)
				}
			}
			for _, volume := range list(at(service, "volumes")) {
				text, _ := volume.(string)
				source, _, _ := strings.Cut(text, ":")
				volumes, _ := document["volumes"].(map[string]any)
				if _, is := volumes[source]; !is && !strings.HasPrefix(source, ".") && !strings.HasPrefix(source, "/") {
					t.Errorf("%s: %s uses the volume %s, which is not there", file, name, source)
				}
			}
		}
		if ours == 0 {
			t.Errorf("%s has no container of ours", file)
		}
	}
}

func list(value any) []any {
	all, _ := value.([]any)
	return all
}

// TestKubernetes checks that the kustomization names each manifest, and that everything exists that
// the manifests name in one another.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	kustomization := documents(t, "kubernetes/kustomization.yaml")[0]
	named := []string{"kustomization.yaml"}
	kinds := map[string]map[string]any{}
	for _, resource := range list(kustomization["resources"]) {
		name, _ := resource.(string)
		named = append(named, name)
		for _, document := range documents(t, "kubernetes/"+name) {
			kind, _ := document["kind"].(string)
			kinds[kind] = document
			if document["apiVersion"] == nil || at(document, "metadata", "name") != "latchkey" {
				t.Errorf("%s: a manifest without apiVersion, or with another name than latchkey", name)
			}
		}
	}
	entries, err := os.ReadDir("kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.Contains(named, entry.Name()) {
			t.Errorf("the kustomization does not name %s", entry.Name())
		}
	}
	if want := []string{"ConfigMap", "Ingress", "Namespace", "NetworkPolicy", "Service", "StatefulSet"}; !slices.Equal(slices.Sorted(maps.Keys(kinds)), want) {
		t.Fatalf("the manifests are %v, want %v", slices.Sorted(maps.Keys(kinds)), want)
	}
	pod := at(kinds["StatefulSet"], "spec", "template")
	containers := list(at(pod, "spec", "containers"))
	if len(containers) != 1 || at(containers[0], "securityContext", "readOnlyRootFilesystem") != true ||
		at(containers[0], "securityContext", "allowPrivilegeEscalation") != false || at(pod, "spec", "securityContext", "runAsNonRoot") != true {
		t.Error("the container has more rights than it needs")
	}
	if label := at(pod, "metadata", "labels", "app"); label == nil || label != at(kinds["StatefulSet"], "spec", "selector", "matchLabels", "app") || label != at(kinds["Service"], "spec", "selector", "app") {
		t.Error("the service does not find the pod by its label")
	}
	checkNetworkPolicy(t, kinds["NetworkPolicy"], containers[0])
	trusted, _ := at(kinds["ConfigMap"], "data", "LATCHKEY_TRUSTED_PROXIES").(string)
	if prefix, err := netip.ParsePrefix(trusted); err != nil || prefix.Bits() < 16 {
		t.Errorf("the settings trust the network %q, want one of /16 or narrower", trusted)
	}
}

// checkNetworkPolicy checks that the policy is about the pod, and lets named namespaces in to ports that the container has.
func checkNetworkPolicy(t *testing.T, policy map[string]any, container any) {
	t.Helper()
	if at(policy, "spec", "podSelector", "matchLabels", "app") != "latchkey" || !slices.Equal(list(at(policy, "spec", "policyTypes")), []any{"Ingress"}) {
		t.Error("the network policy is not about who reaches the pod")
	}
	var ports []any
	for _, port := range list(at(container, "ports")) {
		ports = append(ports, at(port, "name"))
	}
	rules := list(at(policy, "spec", "ingress"))
	for _, rule := range rules {
		from, to := list(at(rule, "from")), list(at(rule, "ports"))
		if len(from) != 1 || len(to) != 1 || at(from[0], "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name") == nil || !slices.Contains(ports, at(to[0], "port")) {
			t.Errorf("the rule %v does not name one namespace and one port of the container", rule)
		}
	}
	if len(rules) != len(ports) {
		t.Errorf("the network policy has %d rules, want one for each of the %d ports", len(rules), len(ports))
	}
}

// TestDockerfile checks the instructions of the Dockerfile: the image is static, has a user without rights and asks for its health.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	known := []string{"FROM", "ARG", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "ENV", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
	last := map[string]string{} // of the last stage
	for line := range strings.Lines(read(t, "Dockerfile")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		instruction, rest, found := strings.Cut(line, " ")
		if !found || !slices.Contains(known, instruction) {
			t.Errorf("the line %q has no instruction that is known", line)
		}
		if instruction == "FROM" {
			last = map[string]string{}
		}
		last[instruction] = rest
	}
	for instruction, want := range map[string]string{"FROM": "scratch", "USER": "65532:65532", "ENTRYPOINT": `["/latchkey"]`, "CMD": `["serve"]`} {
		if last[instruction] != want {
			t.Errorf("the image has %s %s, want %s", instruction, last[instruction], want)
		}
	}
	if !strings.HasSuffix(last["HEALTHCHECK"], ` CMD ["/latchkey", "healthcheck"]`) {
		t.Errorf("the image asks for its health by %s", last["HEALTHCHECK"])
	}
}

// TestUnits lets systemd check the units. It asks systemd only about the names of the sections and keys, because the
// programs and users are not on this machine.
func TestUnits(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed, so nothing checks the keys of the units")
	}
	for _, unit := range []string{"latchkey.service", "latchkey-agent.service", "latchkey.socket"} {
		file := filepath.Join(t.TempDir(), unit)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(read(t, unit), "/usr/local/bin/latchkey", "/bin/true")), 0o600); err != nil {
			t.Fatal(err)
		}
		said, _ := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", file).CombinedOutput()
		for line := range strings.Lines(string(said)) {
			if strings.Contains(line, unit) && (strings.Contains(line, "Unknown") || strings.Contains(line, "Failed to parse") || strings.Contains(line, "Invalid")) {
				t.Errorf("systemd says: %s", line)
			}
		}
	}
}

// TestShellScripts checks that the scripts of the package are scripts for every POSIX shell.
func TestShellScripts(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("*.sh")
	if len(files) != 3 {
		t.Fatalf("found %v, want 3 scripts", files)
	}
	for _, file := range append(files, "latchkeyctl") {
		run(t, program(t, "sh"), "-n", file)
	}
}

// TestUsersOfUnits checks that the package makes the users and folders of the units.
func TestUsersOfUnits(t *testing.T) {
	t.Parallel()
	users, folders := read(t, "latchkey.sysusers"), read(t, "latchkey.tmpfiles")
	for _, unit := range []string{"latchkey.service", "latchkey-agent.service"} {
		text := read(t, unit)
		name := strings.TrimSuffix(unit, ".service")
		if !strings.Contains(text, "\nUser="+name+"\n") || !regexp.MustCompile(`(?m)^u `+name+` +-`).MatchString(users) {
			t.Errorf("%s runs as a user that the package does not make", unit)
		}
		if !strings.Contains(text, "\nStateDirectory="+name+"\n") || !regexp.MustCompile(`(?m)^d /var/lib/`+name+` +0700 `+name+` +`+name+` `).MatchString(folders) {
			t.Errorf("%s has a folder that the package does not make", unit)
		}
	}
}
