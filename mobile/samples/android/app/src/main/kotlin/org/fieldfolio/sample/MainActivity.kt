package org.fieldfolio.sample

import android.content.Intent
import android.os.Bundle
import androidx.activity.*
import androidx.activity.compose.setContent
import androidx.compose.material3.*
import androidx.compose.runtime.*
import androidx.lifecycle.*
import androidx.lifecycle.ViewModelProvider.AndroidViewModelFactory.Companion.APPLICATION_KEY
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.*
import org.fieldfolio.sample.model.*
import org.fieldfolio.sample.ui.*

/** Keeps the model while the screen is turned. */
class MainViewModel(signedIn: SignedIn) : ViewModel() {
    val app = AppModel(signedIn, viewModelScope)

    companion object {
        val Factory = viewModelFactory {
            initializer { MainViewModel((this[APPLICATION_KEY] as SampleApp).signedIn) }
        }
    }
}

class MainActivity : ComponentActivity() {
    private val model: MainViewModel by viewModels { MainViewModel.Factory }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        enableEdgeToEdge()
        val shared = if (intent.action == Intent.ACTION_SEND) intent.getStringExtra(Intent.EXTRA_TEXT) else null
        setContent {
            MaterialTheme {
                val state by model.app.state.collectAsStateWithLifecycle()
                when (val now = state) {
                    AppState.Starting -> StartingScreen()
                    is AppState.SignedOut -> SignInScreen(now, shared.orEmpty(), model.app::signIn)
                    is AppState.In -> PortfolioScreen(now.portfolio, model.app::logOut)
                }
            }
        }
    }
}
