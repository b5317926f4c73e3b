"""The first stage: causal on both sides, and able to learn."""

import pytest

torch = pytest.importorskip("torch", reason="install torch: pip install -e '.[train]'")

from facewire_training.recipes.prior.autoencoder import Autoencoder, AutoencoderConfig


@pytest.fixture
def network() -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(AutoencoderConfig(groups=4, size=16, code=4, width=32)).eval()


def test_codes_and_faces_do_not_depend_on_the_future(network: Autoencoder) -> None:
    faces = torch.rand(1, 20, 52)
    others = faces.clone()
    others[:, 12:] = torch.rand(1, 8, 52)
    torch.testing.assert_close(network.latents(faces)[:, :12], network.latents(others)[:, :12])
    latents = network.codebook.vectors(network.ids(faces))
    changed = latents.clone()
    changed[:, 12:] = 0
    torch.testing.assert_close(network.faces(latents)[:, :12], network.faces(changed)[:, :12])


def test_a_face_depends_on_its_context_and_no_more(network: Autoencoder) -> None:
    context = network.config.context
    latents = torch.randn(1, 30, network.config.latent)
    oldest, older = latents.clone(), latents.clone()
    oldest[:, 20 - context] += 1
    older[:, 19 - context] += 1
    face = network.faces(latents)[:, 20]
    assert (network.faces(oldest)[:, 20] - face).abs().max() > 1e-4
    torch.testing.assert_close(network.faces(older)[:, 20], face)


def test_faces_come_back_once_it_has_learned_them(network: Autoencoder) -> None:
    network.train()
    turns = torch.linspace(0, 25, 200)
    truth = torch.stack([(turns * (1 + k / 52)).sin() * 0.4 + 0.5 for k in range(52)], -1)[None]
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    before = float((network(truth)[0] - truth).detach().abs().mean())
    for _ in range(150):
        faces, _, away = network(truth)
        optimizer.zero_grad()
        ((faces - truth).abs().mean() + 0.25 * away).backward()
        optimizer.step()
    network.eval()
    assert float((network(truth)[0] - truth).detach().abs().mean()) < 0.4 * before
