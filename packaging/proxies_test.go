package packaging_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/latchkey-media/latchkey/mailer/mailtest"
)

// guideBlocks returns the fenced blocks of one kind in docs/proxies.md.
func guideBlocks(t *testing.T, kind string) (all []string) {
	t.Helper()
	for _, found := range regexp.MustCompile("(?s)\n```"+kind+"\n(.*?)\n```").FindAllStringSubmatch(read(t, "../docs/proxies.md"), -1) {
		all = append(all, found[1]+"\n")
	}
	return all
}

// The files for Traefik and cloudflared in the guide are YAML, and lead to the address at which the service listens.
func TestProxyGuideForTraefikAndTunnel(t *testing.T) {
	t.Parallel()
	files := guideBlocks(t, "yaml")
	if len(files) != 2 {
		t.Fatalf("the guide has %d files in YAML, want 2", len(files))
	}
	for _, text := range files {
		var document map[string]any
		if err := yaml.NewDecoder(strings.NewReader(text)).Decode(&document); err != nil && !errors.Is(err, io.EOF) || len(document) == 0 {
			t.Errorf("not YAML: %v\n%s", err, text)
		}
		if !strings.Contains(text, "http://127.0.0.1:8470") {
			t.Errorf("the file does not lead to the service:\n%s", text)
		}
	}
	var traefik map[string]any
	if err := yaml.Unmarshal([]byte(files[0]), &traefik); err != nil {
		t.Fatal(err)
	}
	if at(traefik, "http", "routers", "latchkey", "service") != "latchkey" || at(traefik, "http", "services", "latchkey", "loadBalancer", "passHostHeader") != true {
		t.Error("Traefik's router does not lead to a service that keeps the header Host")
	}
}

// The file for Apache is understood by it, where Apache is installed.
func TestProxyGuideForApache(t *testing.T) {
	t.Parallel()
	files := guideBlocks(t, "apache")
	if len(files) != 1 || !strings.Contains(files[0], "ProxyPreserveHost On") || !strings.Contains(files[0], "ProxyPass / http://127.0.0.1:8470/") {
		t.Fatalf("the guide has %d files for Apache, want one that keeps the host and leads to the service", len(files))
	}
	apache, err := exec.LookPath("apache2")
	if err != nil {
		t.Skip("Apache is not installed, so it did not read its file")
	}
	folder := t.TempDir()
	var modules strings.Builder
	for _, module := range []string{"mpm_event", "authz_core", "alias", "headers", "proxy", "proxy_http", "socache_shmcb", "ssl"} {
		modules.WriteString("LoadModule " + module + "_module /usr/lib/apache2/modules/mod_" + module + ".so\n")
	}
	certificate, key := pair(t, folder)
	text := strings.NewReplacer(
		"/etc/letsencrypt/live/latchkey.example.org/fullchain.pem", certificate, "/etc/letsencrypt/live/latchkey.example.org/privkey.pem", key, "${APACHE_LOG_DIR}", folder,
	).Replace(files[0])
	file := filepath.Join(folder, "apache.conf")
	if err := os.WriteFile(file, []byte("ServerRoot "+folder+"\nServerName latchkey.example.org\nErrorLog "+folder+"/error.log\n"+modules.String()+text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), apache, "-t", "-f", file).CombinedOutput(); err != nil {
		t.Errorf("Apache does not understand its file: %v\n%s", err, said)
	}
}

// pair writes a certificate and its key into a folder, and returns their files.
func pair(t *testing.T, folder string) (certificate, key string) {
	t.Helper()
	made, _ := mailtest.Certificate(t)
	raw, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: made.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}
