from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncing", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="synccursor",
            name="miscounted_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the provider's count differed from ours although every record was there.",
                null=True,
            ),
        ),
    ]
