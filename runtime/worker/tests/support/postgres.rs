//! A PostgreSQL of a test's own: made, started and thrown away.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests; not every test uses all of it")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

/// Who owns the database.
pub const USER: &str = "flow";
/// The password.
pub const PASSWORD: &str = "a password of the test";

/// A running server.
pub struct Postgres {
    pub port: u16,
    process: Child,
    folder: TempDir,
}

/// The folder with PostgreSQL's programs: of the path, or where Debian has them.
fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let whole = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    path.into_iter().chain(debian).find(whole)
}

/// PostgreSQL does not run as root: then it is a user who owns nothing.
fn user() -> Option<u32> {
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    root.then(|| {
        let named = Command::new("id").args(["-u", "postgres"]).output().ok().filter(|output| output.status.success());
        named.and_then(|output| String::from_utf8(output.stdout).ok()?.trim().parse().ok()).unwrap_or(65_534)
    })
}

impl Postgres {
    /// Starts one; none, with the reason printed, where PostgreSQL is not installed. With `tls` it talks to nobody who does not
    /// encrypt.
    pub fn start(tls: bool) -> Option<Postgres> {
        let Some(programs) = programs() else {
            eprintln!("skipped: neither the path nor /usr/lib/postgresql has `initdb` and `postgres`");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let (data, password) = (folder.path().join("data"), folder.path().join("password"));
        fs::write(&password, PASSWORD).unwrap();
        let user = user();
        if let Some(user) = user {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(folder.path(), Some(user), None).unwrap();
            fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
        }
        let run = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).stdin(Stdio::null());
            if let Some(user) = user {
                command.uid(user);
            }
            command
        };
        let made = run("initdb")
            .args(["--no-sync", "-A", "scram-sha-256", "-U", USER, "--encoding=UTF8", "--locale=C", "--pwfile"])
            .arg(&password)
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        if tls && !encrypted(&data, user) {
            eprintln!("skipped: there is no `openssl` to make a certificate");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = run("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"])
            .args(if tls { &["-c", "ssl=on"][..] } else { &[] })
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Postgres { port, process, folder };
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "{}", fs::read_to_string(server.folder.path().join("log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// `host:port`.
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A connection of the test's own, not encrypted.
    pub async fn client(&self) -> Client {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user(USER).password(PASSWORD).dbname("postgres");
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match config.connect(NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                // It listens before it is ready.
                Err(error) if Instant::now() < until => drop(error),
                Err(error) => panic!("{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A certificate, and a rule that refuses who does not encrypt; whether both could be made.
fn encrypted(data: &Path, user: Option<u32>) -> bool {
    let (key, certificate) = (data.join("server.key"), data.join("server.crt"));
    let made = Command::new("openssl")
        .args(["req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=a-database"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    if !made.is_ok_and(|output| output.status.success()) {
        return false;
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    for file in [&key, &certificate] {
        chown(file, user, None).unwrap();
    }
    fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
    true
}
