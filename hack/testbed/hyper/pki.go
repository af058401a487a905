package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	kubeconfig "k8s.io/client-go/tools/clientcmd/api"
)

const (
	// The first address of the service range: what `kubernetes.default.svc` resolves to.
	serviceRange   = "10.96.0.0/16"
	serviceAddress = "10.96.0.1"
	lifetime       = 365 * 24 * time.Hour
)

// A certificate with its key, both as PEM too.
type identity struct {
	certificate       *x509.Certificate
	key               crypto.Signer
	certPEM, keyPEM   []byte
	certFile, keyFile string
}

// pki issues everything a control plane needs to trust itself, and keeps it as files in one folder.
type pki struct {
	folder                                      string
	ca, frontProxyCA                            identity
	server, frontProxy                          identity
	admin, manager, kubeletClient               identity
	serviceAccountPrivate, serviceAccountPublic string
}

func newPKI(folder string, addresses []net.IP) (p pki, err error) {
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case pkiFailure:
			err = failure.error
		default:
			panic(failure)
		}
	}()
	p.folder = folder
	must(os.MkdirAll(folder, 0o700))
	p.ca = p.issue("ca", nil, x509.Certificate{Subject: pkix.Name{CommonName: "testbed-ca"}})
	p.frontProxyCA = p.issue("front-proxy-ca", nil, x509.Certificate{Subject: pkix.Name{CommonName: "front-proxy-ca"}})
	p.server = p.issue("apiserver", &p.ca, x509.Certificate{
		Subject:     pkix.Name{CommonName: kubeAPIServer},
		IPAddresses: append([]net.IP{net.ParseIP("127.0.0.1"), net.ParseIP("::1"), net.ParseIP(serviceAddress)}, addresses...),
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	p.frontProxy = p.issue("front-proxy-client", &p.frontProxyCA, client("front-proxy-client"))
	p.admin = p.issue("admin", &p.ca, client("kubernetes-admin", "system:masters"))
	p.manager = p.issue("kcm", &p.ca, client("system:"+controllerManager))
	p.kubeletClient = p.issue("apiserver-kubelet-client", &p.ca, client("kube-apiserver-kubelet-client", "system:masters"))
	p.serviceAccountPrivate, p.serviceAccountPublic = p.serviceAccountKey()
	return p, nil
}

func client(user string, groups ...string) x509.Certificate {
	return x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// issue signs with the given CA; without one the certificate is a CA itself.
// What was issued before a restart still holds.
func (p *pki) issue(name string, by *identity, template x509.Certificate) identity {
	if made, found := p.kept(name); found {
		return made
	}
	key := newKey()
	template.SerialNumber = orPanic(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)))
	template.NotBefore = time.Now().Add(-time.Hour) // clocks of test containers may be off
	template.NotAfter = time.Now().Add(lifetime)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	parent, signer := &template, crypto.Signer(key)
	if by == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage |= x509.KeyUsageCertSign
	} else {
		parent, signer = by.certificate, by.key
	}
	der := orPanic(x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), signer))
	made := identity{certificate: orPanic(x509.ParseCertificate(der)), key: key}
	made.certPEM = encode("CERTIFICATE", der)
	made.keyPEM = encode("PRIVATE KEY", orPanic(x509.MarshalPKCS8PrivateKey(key)))
	made.certFile = p.write(name+".crt", made.certPEM)
	made.keyFile = p.write(name+".key", made.keyPEM)
	return made
}

func (p *pki) kept(name string) (identity, bool) {
	made := identity{certFile: p.path(name + ".crt"), keyFile: p.path(name + ".key")}
	var err error
	if made.keyPEM, err = os.ReadFile(made.keyFile); os.IsNotExist(err) {
		return made, false
	}
	must(err)
	made.certPEM = orPanic(os.ReadFile(made.certFile))
	pair := orPanic(tls.X509KeyPair(made.certPEM, made.keyPEM))
	made.certificate, made.key = pair.Leaf, pair.PrivateKey.(crypto.Signer)
	return made, true
}

func (p *pki) serviceAccountKey() (private, public string) {
	private, public = p.path("sa.key"), p.path("sa.pub")
	if _, err := os.Stat(private); err == nil {
		return private, public
	}
	key := newKey()
	p.write("sa.pub", encode("PUBLIC KEY", orPanic(x509.MarshalPKIXPublicKey(key.Public()))))
	p.write("sa.key", encode("PRIVATE KEY", orPanic(x509.MarshalPKCS8PrivateKey(key))))
	return private, public
}

func (p *pki) write(name string, content []byte) string {
	must(os.WriteFile(p.path(name), content, 0o600))
	return p.path(name)
}

func (p *pki) path(name string) string { return filepath.Join(p.folder, name) }

// kubeconfig writes one that stands alone, whole or not at all: who waits for the file may read it at once.
func (p *pki) kubeconfig(path, server string, user identity) error {
	config := kubeconfig.NewConfig()
	config.Clusters["testbed"] = &kubeconfig.Cluster{Server: server, CertificateAuthorityData: p.ca.certPEM}
	config.AuthInfos["user"] = &kubeconfig.AuthInfo{ClientCertificateData: user.certPEM, ClientKeyData: user.keyPEM}
	config.Contexts["testbed"] = &kubeconfig.Context{Cluster: "testbed", AuthInfo: "user"}
	config.CurrentContext = "testbed"
	if err := clientcmd.WriteToFile(*config, path+".new"); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func newKey() *ecdsa.PrivateKey { return orPanic(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Everything that can fail here fails for good, so one place turns it into an error: newPKI.
type pkiFailure struct{ error }

func must(err error) {
	if err != nil {
		panic(pkiFailure{err})
	}
}

func orPanic[T any](value T, err error) T {
	must(err)
	return value
}
