# The formula for Homebrew. packaging/fill.py fills in the version, the address and the checksums of a release.
class WfBulk < Formula
  desc "Declarative bulk changes to epilot workflow executions"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/wf-bulk-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256:aarch64-apple-darwin@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/wf-bulk-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256:x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/wf-bulk-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/wf-bulk-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256:x86_64-unknown-linux-musl@"
    end
  end

  def install
    bin.install "wf-bulk"
    man1.install Dir["man/man1/*"]
    bash_completion.install "completions/wf-bulk.bash" => "wf-bulk"
    zsh_completion.install "completions/_wf-bulk"
    fish_completion.install "completions/wf-bulk.fish"
    doc.install "README.md", "CHANGELOG.md", "THIRD-PARTY-NOTICES.txt"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/wf-bulk --version")
    (testpath/"p").mkpath
    system bin/"wf-bulk", "init", "p"
    system bin/"wf-bulk", "validate", "p/playbook.yaml"
  end
end
