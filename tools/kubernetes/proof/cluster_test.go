package proof

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const startTimeout = 2 * time.Minute

// Cluster is a control plane on loopback, without nodes, in a folder of its own.
type Cluster struct {
	Client *kubernetes.Clientset
	Config *rest.Config

	folder string
	etcd   *embed.Etcd
	// What ends the processes: see exitWithParent.
	processes []*exec.Cmd
}

// StartCluster returns what has been started also with an error, to be stopped.
func StartCluster() (*Cluster, error) {
	folder, err := os.MkdirTemp("", "adjust-s2s-cluster-")
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{folder: folder}
	for _, step := range []func() error{cluster.startEtcd, cluster.startAPIServer, cluster.startControllers} {
		if err := step(); err != nil {
			return cluster, err
		}
	}
	return cluster, nil
}

func (cluster *Cluster) Stop() {
	for _, process := range cluster.processes {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	if cluster.etcd != nil {
		cluster.etcd.Close()
	}
	_ = os.RemoveAll(cluster.folder)
}

func (cluster *Cluster) startEtcd() error {
	config := embed.NewConfig()
	config.Dir = filepath.Join(cluster.folder, "etcd")
	// That its listeners close when it is stopped counts as an error there.
	config.LogLevel = "fatal"
	// Nothing has to survive.
	config.UnsafeNoFsync = true
	port, err := freePort()
	if err != nil {
		return err
	}
	config.ListenClientUrls = []url.URL{{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}}
	config.ListenPeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	cluster.etcd = etcd
	select {
	case <-etcd.Server.ReadyNotify():
		return nil
	case <-time.After(startTimeout):
		return fmt.Errorf("etcd is not ready")
	}
}

func (cluster *Cluster) startAPIServer() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	key, token := filepath.Join(cluster.folder, "service-account.key"), "proof"
	if err := writeKey(key); err != nil {
		return err
	}
	tokens := filepath.Join(cluster.folder, "tokens.csv")
	if err := os.WriteFile(tokens, []byte(token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return err
	}
	err = cluster.start("kube-apiserver",
		"--etcd-servers=http://"+cluster.etcd.Clients[0].Addr().String(),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port), "--cert-dir="+cluster.folder,
		"--service-cluster-ip-range=10.0.0.0/24", "--token-auth-file="+tokens, "--authorization-mode=RBAC",
		"--service-account-issuer=https://proof", "--service-account-key-file="+key, "--service-account-signing-key-file="+key)
	if err != nil {
		return err
	}
	cluster.Config = &rest.Config{
		Host: fmt.Sprintf("https://127.0.0.1:%d", port), BearerToken: token, QPS: 200, Burst: 400,
		// The server makes its own certificate, which is its own authority.
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(cluster.folder, "apiserver.crt")},
	}
	return cluster.untilReady()
}

func (cluster *Cluster) untilReady() error {
	return wait.PollUntilContextTimeout(context.Background(), 200*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		client, err := kubernetes.NewForConfig(cluster.Config)
		if err != nil {
			// The certificate is not there yet.
			return false, nil
		}
		cluster.Client = client
		_, err = client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	})
}

func (cluster *Cluster) startControllers() error {
	file := filepath.Join(cluster.folder, "kubeconfig")
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters["proof"] = &clientcmdapi.Cluster{Server: cluster.Config.Host, CertificateAuthority: cluster.Config.CAFile}
	kubeconfig.AuthInfos["admin"] = &clientcmdapi.AuthInfo{Token: cluster.Config.BearerToken}
	kubeconfig.Contexts["proof"] = &clientcmdapi.Context{Cluster: "proof", AuthInfo: "admin"}
	kubeconfig.CurrentContext = "proof"
	if err := clientcmd.WriteToFile(*kubeconfig, file); err != nil {
		return err
	}
	return cluster.start("kube-controller-manager", "--kubeconfig="+file, "--leader-elect=false", "--secure-port=0",
		"--controllers=cronjob-controller,job-controller,serviceaccount-controller")
}

func (cluster *Cluster) start(name string, args ...string) error {
	log, err := os.Create(filepath.Join(cluster.folder, name+".log"))
	if err != nil {
		return err
	}
	process := exec.Command(os.Args[0], append([]string{name}, args...)...)
	process.Stdout, process.Stderr = log, log
	if _, err := process.StdinPipe(); err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	cluster.processes = append(cluster.processes, process)
	return nil
}

// Logs are the last lines that a component wrote.
func (cluster *Cluster) Logs(name string) string {
	text, _ := os.ReadFile(filepath.Join(cluster.folder, name+".log"))
	return string(text[max(0, len(text)-4000):])
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func writeKey(file string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}
