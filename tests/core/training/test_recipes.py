import pytest

from core.training.config import TrainConfig, check_config
from core.training.recipes import RECIPES


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_can_be_trained(recipe):
    check_config(TrainConfig(**recipe.settings))
    assert len(recipe.help) > 40


def test_recipes_train_under_names_of_their_own():
    names = [TrainConfig(**recipe.settings).name for recipe in RECIPES]
    assert len({*names}) == len(names)
